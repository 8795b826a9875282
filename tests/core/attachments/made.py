"""Files as tests need them: real ones, made on the spot."""

import io
import zlib
from collections.abc import Sequence

from PIL import Image
from pypdf import PdfReader, PdfWriter

Raw = tuple[bytes, bytes]  # what a stream's dictionary says, and its bytes


def pdf(*pages: str | Raw) -> bytes:
    """A PDF with a page for each text; a page may be given as a content stream of its own."""
    objects: list[bytes] = [b"", b"", b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    kids = []
    for page in pages:
        said, stream = _written(page) if isinstance(page, str) else page
        objects.append(_stream(said, stream))
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents %d 0 R"
            b" /Resources << /Font << /F1 3 0 R >> >> >>" % len(objects)
        )
        kids.append(len(objects))
    objects[0] = b"<< /Type /Catalog /Pages 2 0 R >>"
    objects[1] = b"<< /Type /Pages /Count %d /Kids [%s] >>" % (
        len(kids),
        b" ".join(b"%d 0 R" % kid for kid in kids),
    )
    return _file(objects)


def bomb(unpacked: int) -> Raw:
    """A page that unpacks to so many bytes of spaces."""
    packer, piece = zlib.compressobj(9), b" " * 2**20
    packed = b"".join(packer.compress(piece) for _ in range(unpacked // len(piece)))
    return b"/Filter /FlateDecode", packed + packer.flush()


def locked(data: bytes, user: str, owner: str = "owner") -> bytes:
    """The same PDF, encrypted."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(data)))
    writer.encrypt(user, owner, algorithm="AES-256")
    into = io.BytesIO()
    writer.write(into)
    return into.getvalue()


def picture(form: str, size: tuple[int, int] = (40, 20), **how: object) -> bytes:
    """A picture whose left half is red and whose right half is blue."""
    width, height = size
    made = Image.new("RGB", size, (220, 20, 20))
    made.paste((20, 20, 220), (width // 2, 0, width, height))
    return saved(made, form, **how)


def saved(made: Image.Image, form: str, **how: object) -> bytes:
    """As a file's bytes."""
    into = io.BytesIO()
    made.save(into, form, **how)
    return into.getvalue()


def seen(data: bytes) -> Image.Image:
    """A file's bytes as a picture."""
    opened = Image.open(io.BytesIO(data))
    opened.load()
    return opened


def _written(text: str) -> Raw:
    quoted = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    lines = b" ".join(b"(%s) Tj T*" % line.encode("latin-1") for line in quoted.split("\n"))
    return b"", b"BT /F1 12 Tf 14 TL 72 720 Td %s ET" % lines if text else b""


def _stream(said: bytes, data: bytes) -> bytes:
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (said, len(data), data)


def _file(objects: Sequence[bytes]) -> bytes:
    out, offsets = bytearray(b"%PDF-1.4\n"), []
    for number, one in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, one)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    out += b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, start)
    return bytes(out)
