"""What Windows has room for: fields of a fixed number of UTF-16 units, beyond which it raises."""

import pytest

from desktop.pystray_tray import NOTE, NOTE_TITLE, TITLE, fitting


def units(text: str) -> int:
    """How many of them a text takes."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


@pytest.mark.parametrize("most", [NOTE_TITLE, TITLE, NOTE])
@pytest.mark.parametrize("letter", ["a", "ü", "模", "🦙", "\ud83d"])
def test_a_title_fits_whatever_it_is_written_in(letter: str, most: int) -> None:
    """A llama takes two units, so half as many of them have room."""
    for length in (0, 1, most // 2, most - 1, most, most + 1, 4 * most):
        text = letter * length
        told = fitting(text, most)
        assert units(told) <= most
        assert told == text or "…" in told
        assert told == text or units(told) >= most - 2  # no room is given away
    assert fitting(letter * 3, most) == letter * 3


def test_the_fields_are_those_of_windows() -> None:
    """NOTIFYICONDATAW: szTip 128, szInfoTitle 64, szInfo 256, each with a nul at its end."""
    assert (TITLE + 1, NOTE_TITLE + 1, NOTE + 1) == (128, 64, 256)
