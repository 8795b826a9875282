"""What can be computed about support is right, and a model can not overrule it."""

from decimal import Decimal

import pytest

from core.research.figures import figures_in
from core.research.passages import LEFT_OUT, excerpt
from core.research.support import bears_itself, may_bear

PASSAGE = "Mount Ada is 4,812 metres high, as the survey of 2019 found."
COST = "The tower costs $4,800,000."
CLIMB = "Ines Varga climbed Mount Ada first, in 1931."
WHO = "Did Ines Varga or Otto Klein climb Mount Ada first?"


@pytest.mark.parametrize(
    ("sentence", "borne"),
    [
        ("Mount Ada is 4,812 metres high.", True),
        ("Mount Ada is 4812 m high, said the survey in 2019.", True),
        ("Mount Ada is 4,900 metres high.", False),
        ("The survey was made in 2020.", False),
        ("Cheese covers every glacier nearby.", False),
        ("Der Berg Ada ist 4812 Meter hoch und wurde vermessen.", True),
        ("Der Berg Ada ist 4.812 Meter hoch.", True),
        ("Der Berg Ada ist 4900 Meter hoch und wurde vermessen.", False),
        ("La montagne mesure 4812 mètres de haut.", True),
        ("山は4812メートルです。", True),
        ("这座山高4812米。", True),
        ("这座山高4812英尺。", False),
    ],
)
def test_numbers_and_words_have_to_be_there(sentence: str, borne: bool) -> None:
    """In another language only the numbers can be compared."""
    assert may_bear(sentence, [PASSAGE]) is borne


@pytest.mark.parametrize(
    ("sentence", "passage", "borne"),
    [
        ("Mount Ada is 4,812 feet high.", PASSAGE, False),
        ("Der Berg Ada ist 4812 Fuß hoch.", PASSAGE, False),
        ("Mount Ada is 2019 metres high, the survey of 4,812 found.", PASSAGE, False),
        ("The tower costs 4.8 million dollars.", COST, True),
        ("The tower costs 4.8 billion dollars.", COST, False),
        ("The tower costs 4.8 million euros.", COST, False),
        ("Der Turm kostet 4,8 Millionen Dollar.", COST, True),
        ("塔的造价是480万美元。", COST, True),
        ("塔的造价是480亿美元。", COST, False),
        ("It grew from 1.2 to 3 million.", "It grew from 1.2 million to 3 million.", True),
        ("From 12 to 15 metres of snow fall.", "Snow: between 12 and 15 m fall.", True),
        ("CO2 rose by 12 percent.", "Carbon dioxide (CO₂) rose by 12%.", True),
        ("CO2 rose by 12 percentage points.", "Carbon dioxide (CO₂) rose by 12%.", False),
        ("It has three peaks.", "Mount Ada has five peaks and much snow.", False),
        ("It has three peaks.", "Mount Ada has 3 peaks and much snow.", True),
        ("It opened on 30.11.2026.", "It opened on 30 November 2026.", True),
        ("It opened on 30 December 2026.", "It opened on 30 November 2026.", False),
        ("Er wurde am 30. Dezember 2026 eröffnet.", "It opened on 30 November 2026.", False),
        ("It opened on 1 May 2004.", "该桥于2004年5月1日通车。", True),
        ("It opened on 2 May 2004.", "该桥于2004年5月1日通车。", False),
        ("这座桥有5个塔。", "The bridge has 3 towers.", False),
        ("Five million live there.", "城市有五百万人口。", True),
        ("5 million live there.", "城市有五百万人口。", True),
        ("It was built in the 19th century.", "它建于十九世纪。", True),
        ("It opened in 2019.", "二〇一九年通车。", True),
        ("It has 3 peaks.", "它有两座山峰。", False),
        ("120 million live there.", "人口为1亿2000万。", True),
        ("人口为1亿2000万。", "120 million live there.", True),
        ("人口为1亿3000万。", "120 million live there.", False),
        ("35,000 live there.", "人口は3万5000人です。", True),
        ("120 million live there.", "인구는 1억 2000만 명이다.", True),
        ("Article 3 says so.", "제3조에 따른다.", True),
        ("5 million live there.", "Население города составляет 5 млн человек.", True),
        ("5 million live there.", "Население города составляет 5 млрд человек.", False),
        ("The city has 5 million people.", "La ciudad tiene 5 millones de habitantes.", True),
        ("The budget was 2 billion euros.", "El gasto fue de 2 mil millones de euros.", True),
        ("The budget was 2 billion euros.", "O gasto foi de 2 milhões de euros.", False),
        ("The city has 5 million people.", "De stad heeft 5 miljoen inwoners.", True),
    ],
)
def test_a_number_counts_with_its_unit(sentence: str, passage: str, borne: bool) -> None:
    """Metres are not feet, millions not billions, whatever the language."""
    assert may_bear(sentence, [passage]) is borne


@pytest.mark.parametrize(
    ("sentence", "passage", "borne"),
    [
        ("Mount Ada is not 4,812 metres high.", PASSAGE, False),
        ("The capital is Paris.", "It is false that the capital is Paris.", False),
        ("The bridge opened in 1931.", "The bridge, which was not paid, opened in 1931.", True),
        (
            "The bridge was opened in 1931.",
            "The bridge, which was not paid, was opened in 1931.",
            True,
        ),
        ("The bridge was opened in 1931.", "The bridge was never opened in 1931.", False),
        ("Die Firma wurde 1998 gegründet.", "Die Firma, die nie warb, wurde 1998 gegründet.", True),
        ("Die Firma wurde 1998 gegründet.", "Die Firma wurde 1998 nicht gegründet.", False),
        ("Nobody has climbed Ada in winter.", "Ada has never been climbed in winter.", True),
        ("Der Berg ist nicht vergletschert.", "Der Berg ist stark vergletschert.", False),
        ("Die Brücke wurde ohne Kran gebaut.", "Die Brücke wurde ganz ohne Kran gebaut.", True),
        ("这座山不高。", "这座山很高。", False),
        ("这座山非常高。", "这座山很高，非常陡。", True),
        ("尼罗河全长6650公里。", "尼罗河是非洲最长的河流，全长6650公里。", True),
        ("俄罗斯首都的人口为1300万。", "莫斯科是俄罗斯的首都，人口为1300万。", True),
        ("O rio tem 30 km e nasce no Brasil.", "O rio nasce em Minas, Brasil, e tem 30 km.", True),
        ("O rio não nasce no Brasil.", "O rio nasce no Brasil.", False),
    ],
)
def test_what_is_denied_is_not_said(sentence: str, passage: str, borne: bool) -> None:
    """Nearly the same words with a `not` between them are the contrary."""
    assert may_bear(sentence, [passage]) is borne


def test_one_source_may_deny_what_another_says() -> None:
    """A sentence has to be borne by one of its passages only."""
    told = ["Mount Ada is 4,812 metres high.", "The height of 4,900 metres is wrong."]
    assert may_bear("Mount Ada is 4,812 m high, not 4,900 m.", told)


@pytest.mark.parametrize(
    ("sentence", "passage", "borne"),
    [
        ("Otto Klein climbed Mount Ada first, in 1931.", CLIMB, False),
        ("It was first climbed by Otto Klein.", CLIMB, False),
        ("It was first climbed by Ines Varga.", CLIMB, True),
        ("As is said, Ines Varga climbed it first.", "It was first climbed in 1931.", True),
        ("The UN has 193 members.", "The United Nations has 193 member states.", True),
        ("Then American voters chose.", "Voters in America chose then.", True),
        ("Now vLLM runs Qwen3 on 8 GPUs.", "Now vLLM runs Qwen2 on 8 GPUs.", False),
    ],
)
def test_nobody_is_exchanged_for_another(sentence: str, passage: str, borne: bool) -> None:
    """A name of the question counts only where the passage calls nobody else by name."""
    assert may_bear(sentence, [passage], asked=WHO) is borne


def test_a_name_may_stand_in_the_title_of_the_page() -> None:
    """There is where a page says of whom it speaks."""
    told = "She climbed it first."
    assert may_bear("As told, Ines Varga climbed it first.", [told], about="Ines Varga - Atlas")
    assert not may_bear("As told, Otto Klein climbed it first.", [told], about="Ines Varga - Atlas")


def test_words_in_quotation_marks_were_said_so() -> None:
    """Word for word, whatever the typography."""
    sentence = "The mayor said “we will never pay for this bridge”."
    assert may_bear(sentence, ['"We will never pay for this bridge," said the mayor.'])
    assert not may_bear(sentence, ["The mayor said that the bridge will never be paid for by us."])


def test_nothing_bears_without_a_passage() -> None:
    """However plain it is."""
    assert not may_bear("Water is wet.", [])


def test_numbers_are_the_same_however_they_are_spelt() -> None:
    """In English, in German, with spaces; what a lone separator means is left open."""
    assert [one.values for one in figures_in("1,234.5 and 12 345")] == [
        {Decimal("1234.5")},
        {Decimal(12345)},
    ]
    assert [one.values for one in figures_in("1.234,5")] == [{Decimal("1234.5")}]
    assert [one.values for one in figures_in("1.234")] == [{Decimal(1234), Decimal("1.234")}]


def test_what_stands_there_needs_nobody_to_be_asked() -> None:
    """A whole sentence, word for word: what stands before half of one may deny it."""
    told = f"{PASSAGE} It has snow."
    assert bears_itself("mount ada is 4,812 metres high, as the survey of 2019 found", [told])
    assert not bears_itself("Mount Ada is 4,812 metres high", [told])
    assert not bears_itself("ever approved it", ["They never approved it"])


def test_an_excerpt_holds_what_is_asked_about() -> None:
    """In the page's own order; what was left out is seen to be left out."""
    page = "\n\n".join(
        ["About Norland.", *(f"Filler {n}. " * 20 for n in range(50)), PASSAGE, "The end."]
    )
    told = excerpt(page, "How high is Mount Ada?", 1_000)
    assert PASSAGE in told
    assert LEFT_OUT in told
    assert len(told) < 1_100
    assert excerpt("short", "x", 1_000) == "short"


def test_an_excerpt_of_one_endless_line_is_cut() -> None:
    """A page need not have paragraphs."""
    assert len(excerpt("word " * 100_000, "word", 2_000)) < 2_100
