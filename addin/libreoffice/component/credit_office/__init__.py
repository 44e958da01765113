"""The extension's own modules; they run in LibreOffice's Python, with nothing but its standard library.

Beside these files the builder puts kernel.py and link.py (copies of core/kernel.py and
hosts/libreoffice_link.py), rules.py (definitions taken word for word from the package), written.py (the model's
sums, written out) and data.json.
"""
