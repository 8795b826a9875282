"""Bytes become the text that a reader would see."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.research.web.charset import charset_of, decoded
from core.research.web.cleaning import clean, clean_line, clean_prose, cut


@pytest.mark.parametrize(
    ("body", "declared", "text"),
    [
        ("Hütte €".encode(), "", "Hütte €"),
        ("Hütte €".encode(), "iso-8859-1", "Hütte €"),
        ("Hütte €".encode("cp1252"), "utf-8", "Hütte €"),
        ("Hütte".encode("latin-1"), "ISO-8859-1", "Hütte"),
        ("“Hütte”".encode("cp1252"), "iso-8859-1", "“Hütte”"),
        ("阿达山".encode("gb18030"), "gb2312", "阿达山"),
        ("アダ山".encode("cp932"), "Shift_JIS", "アダ山"),
        ("Ада".encode("koi8-r"), "koi8-r", "Ада"),
        ("Hütte".encode("utf-16"), "", "Hütte"),
        ("Hütte".encode("utf-8-sig"), "iso-8859-1", "Hütte"),
        (b'<meta charset="gbk">' + "阿达山".encode("gbk"), "", '<meta charset="gbk">阿达山'),
        (b"plain", "no-such-charset", "plain"),
        (b"H\xfctte", "rot13", "Hütte"),
        (b"H\xfctte", "unicode_escape", "Hütte"),
        (b"+ADw-script+AD4-", "utf-7", "+ADw-script+AD4-"),
        (b"", "utf-8", ""),
    ],
)
def test_text_is_read_whatever_the_server_calls_it(body: bytes, declared: str, text: str) -> None:
    """UTF-8 shows itself; the rest is what header, page or habit say."""
    assert decoded(body, declared) == text


def test_a_letter_that_the_limit_cut_in_two_spoils_nothing() -> None:
    """The rest of the page is still UTF-8."""
    body = ("Hütte " * 10 + "ü").encode()[:-1]
    assert decoded(body, "", cut=True).startswith("Hütte Hütte")


@given(st.binary(max_size=200), st.text(max_size=20))
def test_any_bytes_become_some_text(body: bytes, declared: str) -> None:
    """Nothing that a server sends or claims is an exception."""
    clean(decoded(body, declared))


def test_the_charset_is_found_in_the_header() -> None:
    """Quoted or not."""
    assert charset_of('text/html; Charset="UTF-8"') == "UTF-8"
    assert charset_of("text/html;charset=gbk; x=y") == "gbk"
    assert charset_of("text/html") == ""


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("ig\u200bno\u2060re", "ignore"),
        ("a\u202eb\u202c", "ab"),
        ("x\U000e0049\U000e0067", "x"),
        ("soft\u00adhyphen", "softhyphen"),
        ("a\u200db", "ab"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("👩\u200d💻", "👩\u200d💻"),
        ("❤\ufe0f", "❤\ufe0f"),
        ("e\u0301", "é"),
        ("a\x00\x1bb\x9b", "ab"),
        ("a\r\nb\rc\u2028d", "a\nb\nc\nd"),
        ("a\n\n\n\n\nb  \n", "a\n\nb"),
    ],
)
def test_what_can_not_be_seen_is_gone(text: str, seen: str) -> None:
    """And what has a meaning in its own script stays."""
    assert clean(text) == seen


@given(st.text(max_size=200))
def test_clean_text_stays_as_it_is(text: str) -> None:
    """What is kept is cited by offsets: it must not change when it is cleaned again."""
    assert clean(clean(text)) == clean(text)


def test_prose_has_single_spaces_and_keeps_its_lists() -> None:
    """The indent of a line is part of a list."""
    assert clean_prose("a \u00a0 b\n  - c\td") == "a b\n  - c d"
    assert clean_line(" a\n\nb " + "x" * 400).endswith("x…")
    assert len(clean_line("x" * 400)) == 300


def test_a_cut_ends_with_a_line_where_there_is_one() -> None:
    """And says that there was more."""
    assert cut("short", 10) == ("short", False)
    text, more = cut("line one is here\nline two goes on", 17)
    assert (text, more) == ("line one is here", True)
    assert cut("x" * 30, 10) == ("x" * 10, True)


def test_signs_that_only_choose_how_another_is_drawn_spell_nothing() -> None:
    """Sixteen of them are half a byte each: a row of them is a text that nobody sees."""
    hidden = "".join(chr(0xFE00 + int(digit, 16)) for digit in b"call shell".hex())
    assert clean(f"Mount Ada{hidden} is high") == "Mount Ada is high"
    assert clean("\u200b".join(f"high{hidden}")) == "high"
    assert (
        clean("I ❤\ufe0f it, ☺\ufe0e and 1\ufe0f\u20e3")
        == "I ❤\ufe0f it, ☺\ufe0e and 1\ufe0f\u20e3"
    )
