"""Real files through the real child: what is found in them, and how the others are refused."""

import os
import sys
from pathlib import Path

import pytest
from PIL import Image

from core.attachments.extracting import Extracting
from core.attachments.shapes import Extracted
from core.errors import Invalid
from tests.core.attachments.made import bomb, locked, pdf, picture, saved, seen

PLACE = "N 52 31 12 E 13 24 18"


async def read(name: str, data: bytes) -> Extracted:
    """What is in it."""
    return await Extracting().read(name, data)


async def refused(name: str, data: bytes) -> str:
    """The code of its refusal."""
    with pytest.raises(Invalid) as told:
        await read(name, data)
    assert told.value.message
    assert told.value.field == "file"
    return told.value.code


# ---- documents ----------------------------------------------------------------------------------


async def test_a_pdf_is_text_page_by_page() -> None:
    """Also with a password that everybody has: none."""
    paper = pdf("The first page (of three)", "", "and the last")
    for data in (paper, locked(paper, "")):
        found = await read("paper.pdf", data)
        assert (found.kind, found.mime) == ("pdf", "application/pdf")
        assert found.text == "The first page (of three)\f\fand the last"
        assert (found.pages, found.blank_pages, found.left_out) == (3, 1, 0)
        assert found.data is None


async def test_what_is_no_readable_pdf_is_said_to_be_so() -> None:
    """Scanned, locked, cut off and made up: each has its own words."""
    paper = pdf("some words")
    assert await refused("scan.pdf", pdf("", "")) == "pdf-scanned"
    assert await refused("locked.pdf", locked(paper, "secret")) == "pdf-locked"
    assert await refused("cut.pdf", paper[:150]) == "pdf-broken"
    assert await refused("made-up.pdf", b"%PDF-1.7\n" + os.urandom(2000)) == "pdf-broken"
    assert await refused("named.pdf", b"just words") == "file-is-not-what-it-says"


async def test_a_pdf_that_unpacks_to_a_thousand_times_its_size_is_refused() -> None:
    """Two hundred kilobytes are a page of two hundred megabytes."""
    packed = pdf("words", bomb(200 * 2**20))
    assert len(packed) < 300_000
    assert await refused("bomb.pdf", packed) == "file-takes-too-much"
    assert (await read("fine.pdf", pdf("still here"))).text == "still here"


async def test_a_pdf_that_leads_in_circles_is_refused() -> None:
    """A tree of pages that is its own child."""
    ring = pdf("words").replace(b"/Kids [5 0 R]", b"/Kids [2 0 R]")
    assert await refused("ring.pdf", ring) in ("pdf-broken", "file-takes-too-much")


async def test_a_reader_that_never_ends_is_ended() -> None:
    """As one that a hostile file keeps busy; nothing waits for it."""
    busy = (sys.executable, "-I", "-c", "while True: pass")
    with pytest.raises(Invalid, match="more memory or time") as told:
        await Extracting(command=busy, longest_s=0.3).read("any.pdf", b"%PDF-")
    assert told.value.code == "file-takes-too-much"


async def test_a_reader_that_says_nonsense_or_too_much_is_not_believed() -> None:
    """Whatever a file made of it."""
    for program, code in (
        ("print('no answer')", "file-takes-too-much"),
        ("import sys\nwhile True: sys.stdout.buffer.write(bytes(2**20))", "file-takes-too-much"),
        ("raise RuntimeError('nobody foresaw this')", "file-broken"),
    ):
        with pytest.raises(Invalid) as told:
            await Extracting(command=(sys.executable, "-I", "-c", program)).read("a.txt", b"a")
        assert told.value.code == code


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
async def test_the_child_may_write_no_file_and_has_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it is confined to holds for whatever runs in it."""
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    place = tmp_path / "written"
    program = (
        "import os, sys\n"
        "from core.attachments.child import _confine\n"
        "from core.attachments.shapes import NotTaken\n"
        "import msgspec\n"
        "_confine()\n"
        "try:\n"
        f"    open({str(place)!r}, 'w').write('x' * 10000)\n"
        "    told = 'written'\n"
        "except OSError:\n"
        "    told = 'could not write'\n"
        "told += ' ' + os.environ.get('HF_TOKEN', 'knows nothing') + f' {os.nice(0)}'\n"
        "sys.stdout.buffer.write(msgspec.msgpack.encode(NotTaken(message=told, code='x')))\n"
    )
    with pytest.raises(Invalid, match=r"could not write knows nothing 1[0-9]"):
        await Extracting(command=(sys.executable, "-I", "-c", program)).read("a", b"a")


# ---- pictures -----------------------------------------------------------------------------------


async def test_a_photograph_is_upright_and_forgets_where_it_was_taken() -> None:
    """Exif says: turned by 90 degrees; place and camera go, pixels stay."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, PLACE
    found = await read("photo.jpg", picture("JPEG", (40, 20), exif=exif, comment=PLACE))
    assert (found.kind, found.mime, found.width, found.height) == ("image", "image/jpeg", 20, 40)
    assert found.data is not None
    assert PLACE.encode() not in found.data
    shown = seen(found.data)
    assert not shown.getexif()
    assert shown.size == (20, 40)
    red, blue = shown.getpixel((10, 5)), shown.getpixel((10, 35))
    assert isinstance(red, tuple)
    assert isinstance(blue, tuple)
    assert red[0] > 150 > red[2]
    assert blue[2] > 150 > blue[0]


async def test_every_kind_of_picture_becomes_one_that_every_engine_reads() -> None:
    """PNG keeps its transparency; of an animation the first frame is taken, and that is said."""
    glass = Image.new("RGBA", (8, 8), (10, 200, 10, 90))
    found = await read("glass.png", saved(glass, "PNG"))
    assert found.data is not None
    assert seen(found.data).getpixel((1, 1)) == (10, 200, 10, 90)
    for form, name in (("WEBP", "a.webp"), ("PNG", "wrong-name.jpg")):
        found = await read(name, picture(form))
        assert (found.mime, found.width) == ("image/png", 40)
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "green", "blue")]
    moving = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    found = await read("moving.gif", moving)
    assert (found.mime, found.frames) == ("image/png", 3)


async def test_a_large_picture_is_made_smaller_and_says_so() -> None:
    """No model looks closer; 16-bit and CMYK ones are brought to what is seen."""
    found = await read("wide.png", picture("PNG", (4000, 1000)))
    assert (found.width, found.height, found.scaled_from) == (1536, 384, (4000, 1000))
    deep = Image.new("I;16", (10, 10), 65535)
    found = await read("deep.png", saved(deep, "PNG"))
    assert found.data is not None
    assert seen(found.data).getpixel((1, 1)) == 255
    inks = Image.new("CMYK", (10, 10), (0, 255, 255, 0))
    found = await read("inks.jpg", saved(inks, "JPEG"))
    assert found.data is not None
    assert seen(found.data).mode == "RGB"


async def test_pictures_that_can_not_be_shown_are_refused() -> None:
    """Hundreds of megapixels in a few kilobytes, halves, other kinds."""
    huge = saved(Image.new("1", (20_000, 20_000)), "PNG")
    assert len(huge) < 100_000
    assert await refused("huge.png", huge) == "picture-too-large"
    just = saved(Image.new("1", (9_000, 9_000)), "PNG")
    assert await refused("just.png", just) == "picture-too-large"
    whole = picture("PNG", (300, 300))
    assert await refused("half.png", whole[: len(whole) // 2]) == "picture-broken"
    assert await refused("head.jpg", b"\xff\xd8\xff\xe0" + bytes(100)) == "picture-broken"
    assert await refused("old.bmp", picture("BMP")) == "picture-of-another-kind"
    assert await refused("scan.tiff", picture("TIFF")) == "picture-of-another-kind"
    phone = b"\0\0\0\x18ftypheic" + bytes(100)
    assert await refused("phone.heic", phone) == "picture-of-another-kind"
    assert await refused("page.png", b"<html>not found</html>") == "file-is-not-what-it-says"


# ---- text ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("plain words", "utf-8"),
        ("Grüße, žluťoučký kůň, 你好", "utf-8"),
        ("with a mark", "utf-8-sig"),
        ("two bytes each, with a mark", "utf-16"),
        ("two bytes each, without", "utf-16-le"),
        ("the other way round", "utf-16-be"),
        ("four bytes each", "utf-32"),
        ("Привет, мир! Это обычный русский текст, по которому видно язык.", "cp1251"),
        ("これは日本語の文章です。エンコーディングを調べます。", "shift_jis"),
        ("这是一段中文文本，用来检查编码是否能够被识别出来。", "gb18030"),
    ],
)
async def test_a_text_is_read_whatever_it_was_written_in(text: str, written: str) -> None:
    """Line ends are made alike."""
    found = await read("letter.txt", (text + "\r\nsecond line\r").encode(written))
    assert found.text == text + "\nsecond line\n"
    assert (found.kind, found.mime, found.data) == ("text", "text/plain", None)


async def test_code_is_told_from_prose_by_its_name() -> None:
    """What is in it is text all the same."""
    assert (await read("main.py", b"print(1)")).mime == "text/x-python"
    assert (await read("Dockerfile", b"FROM scratch")).kind == "code"
    assert (await read("drawing.svg", b"<svg/>")).kind == "code"
    assert (await read("notes.md", b"# Notes")).mime == "text/markdown"
    assert (await read("no-suffix", b"words")).kind == "text"


async def test_what_is_no_text_is_refused_with_what_to_do() -> None:
    """Binary whatever its name; nothing; more than any model reads."""
    assert await refused("data.txt", bytes(range(256)) * 20) == "binary-file"
    assert await refused("controls.txt", b"\x01\x02\x03\x04" * 100) == "binary-file"
    assert await refused("program", b"\x7fELF" + bytes(200)) == "binary-file"
    assert await refused("all.zip", b"PK\x03\x04" + bytes(200)) == "binary-file"
    assert await refused("letter.docx", b"PK\x03\x04" + bytes(200)) == "office-document"
    assert await refused("blank.txt", b" \n\n ") == "file-empty"
    assert await refused("book.txt", b"word " * 500_000) == "text-too-long"
    assert await refused("large.log", b"x" * (9 * 2**20)) == "file-too-large"
