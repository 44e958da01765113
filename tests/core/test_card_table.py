"""The card as a table of plain cells: nothing of the page is missing, and each interval is beside its number."""

from __future__ import annotations

import pytest

from credit_udfs import models
from credit_udfs.core.card import Figure, Range, sections
from credit_udfs.core.card_table import ITEMS, SECTIONS, item_name, table, value, values
from credit_udfs.core.indicators import INDICATORS
from credit_udfs.errors import NotAvailable
from credit_udfs.locale import LANGS, Lang


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("name", ["default", "monotone", "p1_fisher"])
def test_all_that_the_page_shows_is_in_the_table(name: str, lang: Lang) -> None:
    model = models.load(name)
    rows = table(model, lang)
    assert {len(row) for row in rows} == {6}
    for section in sections(model, lang):
        mine = [row for row in rows if row[0] == section.title]
        held = {cell for row in mine for cell in row}
        assert {*section.prose, *section.items} <= held
        for line in section.rows:
            for cell in line[section.labels :]:
                if isinstance(cell, Range):
                    assert (cell.low, cell.high) in {row[4:] for row in mine}
                else:
                    assert (cell.value if isinstance(cell, Figure) else cell) in held


def test_a_coefficient_stands_with_its_own_interval() -> None:
    model = models.load()
    rows = {row[1:3]: row[3:] for row in table(model, "en", "coefficients")}
    for i, key in enumerate(model.indicators):
        known = model.validation["coefficients"]["default"][key]
        expected = (model.numbers["default"]["coef"][i], known["low"], known["high"])
        assert rows[INDICATORS[key].en, "Default"] == expected
    assert rows["Sales void rate", "More of it"] == ("raises the risk (sign not settled)", "", "")


def test_a_card_without_intervals_or_validation_is_a_table_still() -> None:
    model = models.load().with_validation({"design": {"folds": 5, "repeats": 1, "firms": 9}, "default": {"auc": {}}})
    (row,) = [row for row in table(model, "en") if row[2] == "AUC"]
    assert row[3:] == ("", "", "")
    assert all(row[4:] == ("", "") for row in table(model, "en")[1:])
    assert "not been validated" in str(table(models.load().with_validation({}), "en", "validation")[1][3])


def test_items_are_the_values_and_have_names_of_their_own() -> None:
    assert tuple(values(models.load())) == ITEMS
    for lang in LANGS:
        names = [item_name(key, lang) for key in (*SECTIONS, *ITEMS)]
        assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", models.names())
def test_a_missing_item_is_said_not_guessed(name: str) -> None:
    model = models.load(name)
    for key, held in values(model).items():
        if held is None:
            with pytest.raises(NotAvailable, match=key):
                value(model, key)
        else:
            assert value(model, key) == held
