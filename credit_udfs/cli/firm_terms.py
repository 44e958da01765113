"""What the bank has settled for single firms, from a .csv file: largest loans, decisions taken, connected groups."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

from credit_udfs.core.assess import FirmTerms
from credit_udfs.errors import BadFile, Problem
from credit_udfs.workbook.canvas import address

COLUMNS = {
    "firm": ("firm", "企业代号"),
    "amount_min": ("amount_min", "最低额度"),
    "amount_max": ("amount_max", "最高额度"),
    "amount": ("amount", "既定额度"),
    "group": ("group", "关联集团"),
}


def read_firm_terms(path: Path) -> dict[str, FirmTerms]:
    """By firm; an empty cell settles nothing. Columns as COLUMNS, "firm" needed, in any order; amounts in yuan.

    Raises BadFile with everything that is wrong with the file.
    """
    raw, rows = path.read_bytes(), list[list[str]]()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            rows = list(csv.reader(io.StringIO(raw.decode(encoding), newline="")))
            break
        except (UnicodeDecodeError, csv.Error):
            continue
    found: dict[str, FirmTerms] = {}
    problems: list[Problem] = []

    def wrong(key: str, row: int, column: int, **values: object) -> None:
        problems.append(Problem("error", f"cli.firm_terms_{key}", values, path.name, "", address(row, column)))

    known = {name: key for key, names in COLUMNS.items() for name in names}
    header = [known.get(name.strip().lower(), "") for name in rows[0]] if rows else []
    for column, name in enumerate(rows[0] if rows else ()):
        if name.strip() and not header[column]:
            wrong("column", 1, column + 1, name=name, known=", ".join(COLUMNS))
    if "firm" not in header:
        wrong("no_firm", 1, 1)
        raise BadFile(problems)
    for at, cells in enumerate(rows[1:], start=2):
        given = {key: cell.strip() for key, cell in zip(header, cells, strict=False) if key and cell.strip()}
        firm = given.pop("firm", "")
        if not firm:
            if given:
                wrong("nameless", at, header.index("firm") + 1)
            continue
        if firm in found:
            wrong("twice", at, header.index("firm") + 1, firm=firm)
        amounts: dict[str, float] = {}
        for key in ("amount_min", "amount_max", "amount"):
            if key in given:
                try:
                    amounts[key] = float(given[key].replace(",", ""))
                except ValueError:
                    amounts[key] = math.nan
                if not math.isfinite(amounts[key]) or amounts[key] < 0:
                    wrong("amount", at, header.index(key) + 1, firm=firm, value=given[key])
        found[firm] = FirmTerms(**amounts, group=given.get("group", ""))
    if problems:
        raise BadFile(problems)
    return found
