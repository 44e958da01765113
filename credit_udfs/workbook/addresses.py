"""Addresses of cells; rows and columns count from 1."""

from __future__ import annotations


def column_letters(column: int) -> str:
    """The letters of a column: 28 -> "AB"."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def column_number(letters: str) -> int:
    """The number of a column: "AB" or "ab" -> 28."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number


def address(row: int, column: int, *, fixed: bool = False) -> str:
    """A cell's address: "B7", or "$B$7" where `fixed`."""
    letters = column_letters(column)
    return f"${letters}${row}" if fixed else f"{letters}{row}"
