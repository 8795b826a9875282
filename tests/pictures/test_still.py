"""A picture keeps the colours of its smallest marks: they say what a state is."""

from io import BytesIO
from pathlib import Path

from PIL import Image

from tests.pictures import still

READY = (33, 145, 80)
AT = (8, 8)


def _window() -> Image.Image:
    """Greys of every shade, as text leaves them, and a dot of four pixels."""
    picture = Image.new("RGB", (64, 64))
    picture.putdata([(4 * x, 4 * x, 2 * (x + y)) for y in range(64) for x in range(64)])
    picture.paste(READY, (*AT, AT[0] + 2, AT[1] + 2))
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
    plain = Image.new("RGB", (64, 64), (250, 250, 252))
    plain.paste(READY, (*AT, AT[0] + 2, AT[1] + 2))
    assert still.keep(_shot(plain), file)
    assert not still.keep(_shot(plain), file)
