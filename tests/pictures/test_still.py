"""A picture keeps the colours of its smallest marks: they say what a state is."""

from io import BytesIO
from pathlib import Path

from PIL import Image

from tests.pictures import still

READY = (33, 145, 80)
AT = (8, 8)


def _window() -> Image.Image:
    """Letters leave thousands of greys, bars some blues, and one small mark is green."""
    picture = Image.new("RGB", (256, 256), (250, 250, 252))
    for x in range(256):
        for y in range(128, 192):
            grey = (7 * x + 13 * y) % 230
            picture.putpixel((x, y), (grey, grey + y % 8, grey + x % 12))
    picture.paste(READY, (*AT, AT[0] + 8, AT[1] + 8))
    return picture


def _shot(picture: Image.Image) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def test_a_small_mark_keeps_its_colour(tmp_path: Path) -> None:
    """Among many shades that fill the picture; nothing becomes another colour by much."""
    file = tmp_path / "window.png"
    assert still.keep(_shot(_window()), file)
    kept = Image.open(file)
    assert len(kept.getcolors() or []) <= still.COLOURS
    assert kept.convert("RGB").getpixel(AT) == READY


def test_what_shows_the_same_is_left_as_it_was(tmp_path: Path) -> None:
    """Few colours are no change."""
    file = tmp_path / "window.png"
    plain = Image.new("RGB", (256, 256), (250, 250, 252))
    plain.paste(READY, (*AT, AT[0] + 8, AT[1] + 8))
    assert still.keep(_shot(plain), file)
    assert not still.keep(_shot(plain), file)
