"""The text of a PDF, page by page. What has none, is locked or broken is said to be so.

Nothing is run and nothing is fetched: scripts, forms, links and attached files in it are passed
over. Runs in the child, whose memory and time are limited; pypdf limits what its streams unpack to.
"""

import io

from pypdf import PasswordType, PdfReader
from pypdf.errors import LimitReachedError, PyPdfError

from core.attachments.shapes import MOST_PAGES, MOST_TEXT, Extracted, Refusal, too_much

PAGE_END = "\f"
_BROKEN = (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, OSError)
# What pypdf falls over on in files that were made to hurt: found by feeding it broken ones
_WORSE = (ZeroDivisionError, RecursionError, OverflowError, NotImplementedError, AssertionError)


def read_paper(data: bytes) -> Extracted:
    """Its text. Raises Refusal."""
    try:
        reader = _opened(data)
        count = len(reader.pages)
    except LimitReachedError:
        raise too_much() from None
    except (*_BROKEN, *_WORSE):
        raise _broken() from None
    if count == 0:
        raise _broken()
    texts = _texts(reader, min(count, MOST_PAGES))
    blank = sum(1 for text in texts if not text)
    if blank == len(texts):
        raise Refusal(
            f"this PDF has {count} pages and no text: it is scanned or made of pictures",
            "pdf-scanned",
            "attach its pages as pictures to a model that sees, or have its text recognised first",
        )
    return Extracted(
        kind="pdf",
        mime="application/pdf",
        text=PAGE_END.join(texts),
        pages=count,
        blank_pages=blank,
        left_out=count - len(texts),
    )


def _opened(data: bytes) -> PdfReader:
    reader = PdfReader(io.BytesIO(data))
    if reader.is_encrypted and reader.decrypt("") == PasswordType.NOT_DECRYPTED:
        raise Refusal(
            "this PDF is locked with a password",
            "pdf-locked",
            "save a copy of it without a password",
        )
    return reader


def _texts(reader: PdfReader, pages: int) -> list[str]:
    """Page by page, until there is enough. A page that can not be read has none."""
    texts: list[str] = []
    size = 0
    for number in range(pages):
        text = _text(reader, number)
        size += len(text) + 1
        if size > MOST_TEXT:
            break
        texts.append(text)
    if not texts:
        raise too_much()
    return texts


def _text(reader: PdfReader, number: int) -> str:
    try:
        text = reader.pages[number].extract_text()
    except LimitReachedError:
        raise too_much() from None
    except (*_BROKEN, *_WORSE):
        return ""
    plain = text.replace(PAGE_END, "\n").replace("\0", "").encode("utf-8", "replace").decode()
    return "\n".join(line.rstrip() for line in plain.splitlines()).strip()


def _broken() -> Refusal:
    return Refusal(
        "this PDF can not be read: it is broken or cut off",
        "pdf-broken",
        "open it in a viewer and print it into a new PDF",
    )
