"""Industries from English names: what the words say, and that they change nothing about a Chinese name."""

from __future__ import annotations

import pytest

from credit_udfs.core.industry import industries, industry_of, is_sole_trader, rules

LABELLED = {
    "Green Valley Farms Ltd.": "agriculture",
    "Northern Drilling Co.": "mining",
    "*** Foods Manufacturing Co., Ltd.": "light_manufacturing",
    "*** Precision Machinery Co., Ltd.": "heavy_manufacturing",
    "Medical Devices Inc.": "heavy_manufacturing",
    "City Water Supply": "utilities",
    "SMITH BUILDING CONTRACTORS": "construction",
    "*** Construction Labour Co., Ltd.": "construction_labour",
    "Office Renovation Ltd.": "installation",
    "Pacific Import and Export": "wholesale",
    "Corner Shop": "retail",
    "*** Building Materials Store": "retail",
    "Swift Logistics": "transport",
    "Hospitality Partners": "hospitality",
    "e-commerce of the East": "information",
    "First Bank": "finance",
    "Riverside Property Management": "property",
    "Crane Rental": "business_services",
    "*** Architectural Design Co., Ltd.": "technical_services",
    "Clean Environment Ltd.": "environment",
    "Bicycle Repair Workshop": "household_services",
    "Language School": "education",
    "St Mary's Hospital": "health",
    "Film Works": "culture",
    "Acme Holdings": None,
    "*** Co., Ltd.": None,
}


@pytest.mark.parametrize(("name", "key"), LABELLED.items())
def test_labelled_names(name: str, key: str | None) -> None:
    found = industry_of(name)
    assert (found.key if found else None) == key


def test_every_industry_is_in_the_labelled_sample() -> None:
    assert set(LABELLED.values()) - {None} == set(industries())


def test_english_words_stand_after_all_chinese_ones() -> None:
    """So no English word takes a name from a Chinese rule."""
    english = [[word.isascii() for word in rule.words] for rule in rules()]
    assert all(len(set(words)) == 1 for words in english)
    kinds = [words[0] for words in english]
    assert kinds == sorted(kinds)
    assert True in kinds
    assert all(word == word.casefold() for rule in rules() for word in rule.words)


@pytest.mark.parametrize("name", ["Sole trader E12", "J. Smith, sole proprietor", "SOLE TRADER Building"])
def test_sole_traders_have_no_industry(name: str) -> None:
    assert is_sole_trader(name)
    assert industry_of(name) is None
