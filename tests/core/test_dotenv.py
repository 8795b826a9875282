"""A `.env` line means what it says, and nothing is run or filled in."""

import pytest

from core.settings.dotenv import parse_dotenv


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=b", "b"),
        ("A =  b c  ", "b c"),
        ("export A=b", "b"),
        ("A=", ""),
        ("A=b # why", "b"),
        ("A= # only a comment", ""),
        ("A=b#c", "b#c"),
        ("A=redis://h/0?x=1#f", "redis://h/0?x=1#f"),
        ('A="b # c" # d', "b # c"),
        ("A='b \"c\" \\n'", 'b "c" \\n'),
        ('A="b\\n\\"c\\" \\\\ \\x"', 'b\n"c" \\ \\x'),
        ("A=$HOME `id` $(id)", "$HOME `id` $(id)"),
        ("A==b", "=b"),
        ("A=it's", "it's"),
    ],
)
def test_a_value_is_what_stands_there(line: str, value: str) -> None:
    """Quotes keep spaces and '#'; only double quotes know escapes; nothing is expanded."""
    (entry,) = parse_dotenv(line)
    assert (entry.name, entry.value, entry.line) == ("A", value, 1)


def test_comments_and_empty_lines_are_passed_over_but_counted() -> None:
    """So that errors name the line that the editor shows."""
    text = "\ufeff# first\r\n\r\n  # second\r\nA=1\r\nA=2\r\n"
    assert [(e.value, e.line) for e in parse_dotenv(text)] == [("1", 4), ("2", 5)]
