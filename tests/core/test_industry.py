"""Industries from names: the rules' data, a hand-labelled sample, coverage of the contest's names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_udfs.core.industry import coverage, industries, industry_of, is_sole_trader, rules
from credit_udfs.core.tables import Tables

# Labelled by hand from the words alone, then compared; every industry occurs.
LABELLED = {
    "***蔬菜种植专业合作社": "agriculture",
    "***农业开发有限公司": "agriculture",
    "***矿业有限责任公司": "mining",
    "***石油工程技术服务有限公司": "mining",
    "***食品有限公司": "light_manufacturing",
    "***印务有限公司": "light_manufacturing",
    "***环保包装有限公司": "light_manufacturing",
    "***机电设备有限公司": "heavy_manufacturing",
    "***消防设备制造有限公司": "heavy_manufacturing",
    "***新材料科技有限公司": "heavy_manufacturing",
    "***压缩天然气有限责任公司": "utilities",
    "***建设工程有限公司": "construction",
    "***园林景观工程有限公司": "construction",
    "***建筑劳务有限公司": "construction_labour",
    "***装饰设计工程有限公司": "installation",
    "***通信网络工程有限公司": "installation",
    "***机电设备商贸有限公司": "wholesale",
    "***图书发行有限公司": "wholesale",
    "***建材经营部": "retail",
    "***大药房有限责任公司": "retail",
    "***物流有限公司": "transport",
    "***国际货运有限公司***分公司": "transport",
    "***餐饮文化服务有限公司": "hospitality",
    "***网络科技有限公司": "information",
    "***电子商务有限公司": "information",
    "***融资担保有限公司": "finance",
    "***房地产营销策划有限公司": "property",
    "***物业服务有限公司": "property",
    "***挖掘机租赁经营部": "business_services",
    "***劳务派遣有限公司": "business_services",
    "***文化广告有限公司": "business_services",
    "***工程造价咨询有限公司": "technical_services",
    "***建筑设计有限公司": "technical_services",
    "***科技有限公司": "technical_services",
    "***环保科技有限公司": "environment",
    "***汽车维修有限公司": "household_services",
    "***教育信息咨询有限公司": "education",
    "***口腔医院有限公司": "health",
    "***文化传播有限公司": "culture",
    "***发展有限责任公司": None,
    "***实业集团有限公司": None,
    "": None,
}


LABELLED_IN_ENGLISH = {
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


@pytest.mark.parametrize(("name", "key"), (LABELLED | LABELLED_IN_ENGLISH).items())
def test_labelled_names(name: str, key: str | None) -> None:
    found = industry_of(name)
    assert (found.key if found else None) == key


@pytest.mark.parametrize("labelled", [LABELLED, LABELLED_IN_ENGLISH], ids=["zh", "en"])
def test_every_industry_is_in_the_labelled_sample(labelled: dict[str, str | None]) -> None:
    assert set(labelled.values()) - {None} == set(industries())


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


def test_twenty_two_industries_in_sections_of_the_classification() -> None:
    known = industries()
    assert len(known) == 22
    assert [i.section for i in known.values()] == sorted(i.section for i in known.values())
    # The classification's other two sections hold no firms a bank lends to: S (public administration), T.
    assert {i.section for i in known.values()} == set("ABCDEFGHIJKLMNOPQR")
    assert known["retail"].section == known["wholesale"].section == "F"
    assert known["construction_labour"].section == "E"
    assert len({i.zh for i in known.values()}) == len({i.en for i in known.values()}) == 22


def test_rules_name_known_industries_and_no_word_is_dead() -> None:
    seen: list[str] = []
    for rule in rules():
        assert rule.industry in industries()
        for word in rule.words:
            # A word that contains a word of an earlier rule can never decide anything.
            assert not any(earlier in word for earlier in seen), word
        seen.extend(rule.words)


def test_order_matters() -> None:
    assert industry_of("***机械有限公司").key == "heavy_manufacturing"  # type: ignore[union-attr]
    assert industry_of("***机械租赁有限公司").key == "business_services"  # type: ignore[union-attr]
    assert industry_of("***机械经营部").key == "retail"  # type: ignore[union-attr]


def test_sole_traders() -> None:
    assert is_sole_trader("个体经营E124")
    assert is_sole_trader("个体经营E45 ")
    assert not is_sole_trader("***商贸有限公司")
    assert industry_of("个体经营E124") is None
    assert industry_of("个体户建材经营部") is None


@given(st.text(alphabet="金瑞达鑫华盛ABC*（）() ", max_size=12))
def test_words_around_do_not_change_the_industry(noise: str) -> None:
    assert industry_of(noise) is None
    found = industry_of(f"{noise}建筑劳务{noise}")
    assert found is not None
    assert found.key == "construction_labour"


def test_coverage_leaves_sole_traders_aside() -> None:
    assert coverage(["个体经营E1", "***商贸有限公司", "***发展有限公司"]) == 0.5


# Labelled by hand from the names: about every tenth firm, and some that the rules must not know.
CONTEST_SAMPLE = {
    "E1": "wholesale", "E11": "construction", "E21": "construction", "E31": "light_manufacturing",
    "E41": "property", "E51": "transport", "E61": "light_manufacturing", "E71": "agriculture",
    "E81": "heavy_manufacturing", "E91": "technical_services", "E101": "installation",
    "E111": "technical_services", "E121": "retail", "E141": "light_manufacturing", "E151": "construction",
    "E161": "construction_labour", "E171": "technical_services", "E181": "light_manufacturing",
    "E201": "transport", "E221": "technical_services", "E231": "construction",
    "E251": "heavy_manufacturing", "E261": "heavy_manufacturing", "E271": "technical_services",
    "E281": "business_services", "E291": "construction", "E301": "business_services",
    "E311": "business_services", "E321": "transport", "E331": "business_services",
    "E341": "light_manufacturing", "E351": "culture", "E361": "technical_services",
    "E371": "heavy_manufacturing", "E381": "installation", "E391": "retail", "E401": "technical_services",
    "E411": "heavy_manufacturing", "E421": "heavy_manufacturing", "E4": None, "E79": "light_manufacturing",
    "E80": None, "E83": "health", "E87": None, "E14": None,
}  # fmt: skip


def test_contest_names(contest: Path) -> None:
    import fastexcel

    names: dict[str, str] = {}
    for book in sorted(contest.glob("*.xls*")):
        reader = fastexcel.read_excel(book)
        for sheet in reader.sheet_names:
            if sheet == "企业信息":
                frame = reader.load_sheet(sheet).to_polars()
                names.update(zip(frame["企业代号"].to_list(), frame["企业名称"].to_list(), strict=True))
    assert len(names) == 425
    assert sum(map(is_sole_trader, names.values())) == 59
    # 363 of 366; the three say only 实业 or 发展. The rules were written with these names in sight.
    assert coverage(names.values()) == pytest.approx(363 / 366)
    found = {firm: industry_of(names[firm]) for firm in CONTEST_SAMPLE}
    assert {firm: i.key if i else None for firm, i in found.items()} == CONTEST_SAMPLE


def test_default_does_not_depend_on_the_industry(contest_rated: Tables) -> None:
    """Why it is no predictor: shuffled labels are as unevenly spread over industries as the true ones."""
    firms = contest_rated.firms
    found = [industry_of(name) for name in firms["name"]]
    codes = np.unique([i.key if i else "" for i in found], return_inverse=True)[1]
    default = firms["default"].to_numpy().astype(int)
    count, share = np.bincount(codes), default.mean()

    def unevenness(y: np.ndarray) -> float:
        return float(((np.bincount(codes, weights=y) - count * share) ** 2 / count).sum())

    rng = np.random.default_rng(0)
    luck = np.array([unevenness(rng.permutation(default)) for _ in range(500)])
    assert (luck >= unevenness(default)).mean() == pytest.approx(0.85, abs=0.06)
