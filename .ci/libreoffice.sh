#!/bin/sh
# LibreOffice 25.2 or newer with its Python bridge, Chinese fonts and a PDF renderer, on Debian, as root.
# Debian's stable suite may be older: then the newer one comes from its backports. Where those are is worked out
# from the machine's own list of sources, whatever mirror that names; the extra entry is gone when this ends.
# Run again, it does nothing.
set -eu

LEAST=25.2
APT=${APT_FOLDER:-/etc/apt}
ENTRY="$APT/sources.list.d/credit-udfs-backports"
PACKAGES="libreoffice-calc python3-uno fonts-noto-cjk poppler-utils"

installed() {
    dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q '^install ok installed$'
}

# "4:25.2.3-2+deb13u5" and "25.2.3.2" alike, without the epoch.
new_enough() {
    dpkg --compare-versions "${1#*:}" ge "$LEAST"
}

have_office() {
    found=$(soffice --version 2>/dev/null | sed -n 's/^LibreOffice \([0-9.]*\).*/\1/p') || return 1
    [ -n "$found" ] && new_enough "$found"
}

complete() {
    have_office || return 1
    for package in $PACKAGES; do
        installed "$package" || return 1
    done
}

candidate() {
    apt-cache policy libreoffice-calc | sed -n 's/^ *Candidate: *//p'
}

# The machine's own entry of the suite, with the backports' name for the suite's, in the form it was found in.
derive_entry() {
    for file in "$APT"/sources.list.d/*.sources; do
        [ -e "$file" ] || continue
        # A deb822 file holds paragraphs; comments in them may stay.
        awk -v suite="$1" 'BEGIN { RS = ""; ORS = "\n\n"; FS = "\n" }
            {
                text = ""; wanted = 0
                for (i = 1; i <= NF; i++) {
                    line = $i
                    if (tolower(line) ~ /^suites:/) {
                        count = split(substr(line, 8), names, /[ \t]+/)
                        for (k = 1; k <= count; k++) if (names[k] == suite) wanted = 1
                        line = "Suites: " suite "-backports"
                    }
                    if (tolower(line) ~ /^enabled:[ \t]*no/) { wanted = 0; break }
                    text = text (i > 1 ? "\n" : "") line
                }
                if (wanted) print text
            }' "$file"
    done > "$ENTRY.sources"
    [ -s "$ENTRY.sources" ] && return
    rm -f "$ENTRY.sources"
    for file in "$APT/sources.list" "$APT"/sources.list.d/*.list; do
        [ -e "$file" ] || continue
        sed -n "s/^\(deb[ \t]\{1,\}\(\[[^]]*\][ \t]\{1,\}\)\{0,1\}[^ \t]\{1,\}[ \t]\{1,\}\)$1\([ \t].*\)$/\1$1-backports\3/p" "$file"
    done > "$ENTRY.list"
    [ -s "$ENTRY.list" ] && return
    rm -f "$ENTRY.list"
    echo "libreoffice.sh: no entry of the suite $1 under $APT to derive its backports from" >&2
    return 1
}

clean_up() {
    rm -f "$ENTRY.sources" "$ENTRY.list"
}

main() {
    if complete; then
        soffice --version
        return
    fi
    if [ "$(id -u)" != 0 ]; then
        echo "libreoffice.sh: installing packages needs root" >&2
        return 1
    fi
    export DEBIAN_FRONTEND=noninteractive
    trap clean_up EXIT
    trap 'exit 130' INT TERM
    apt-get update -q
    from=
    if ! new_enough "$(candidate)"; then
        suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
        from="-t $suite-backports"
        if ! apt-cache policy | grep -q "n=$suite-backports"; then
            derive_entry "$suite"
            apt-get update -q
        fi
    fi
    # shellcheck disable=SC2086 # lists of words
    apt-get install -y -q --no-install-recommends $from $PACKAGES
    apt-get clean
    if ! complete; then
        echo "libreoffice.sh: LibreOffice $LEAST or newer is needed, got: $(soffice --version 2>&1)" >&2
        return 1
    fi
    soffice --version
}

if [ "${1:-}" = derive ]; then # what the tests call: only the entry, in APT_FOLDER
    derive_entry "$2"
else
    main
fi
