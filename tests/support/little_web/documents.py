"""Bytes that pages are made of: HTML with the usual clutter, and a PDF written by hand."""

import html

from tests.support.little_web.articles import Article

_CLUTTER = """<nav><a href="/">Home</a> <a href="/about">About</a> <a href="/login">Log in</a></nav>
<div class="cookie-banner">We value your privacy. <button>Accept all</button></div>"""
_FOOT = """<aside><h4>Read also</h4><a href="/x">Ten things you did not know</a></aside>
<footer>© Little web. All rights reserved. <a href="/imprint">Imprint</a></footer>"""


def page(article: Article) -> str:
    """The article as a site would show it."""
    parts = [
        f"<h2>{html.escape(part[3:])}</h2>" if part.startswith("## ") else _paragraph(part)
        for part in article.paragraphs
    ]
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">{_about(article)}</head><body>'
        f"{_CLUTTER}<main><article><h1>{html.escape(article.title)}</h1>{''.join(parts)}</article>"
        f"</main>{_FOOT}</body></html>"
    )


def _paragraph(text: str) -> str:
    return f"<p>{html.escape(text)}</p>"


def _about(article: Article) -> str:
    named = {"author": article.author, "date": article.date}
    metas = "".join(
        f'<meta name="{name}" content="{html.escape(value)}">'
        for name, value in named.items()
        if value
    )
    site = f'<meta property="og:site_name" content="{html.escape(article.site)}">'
    return f"<title>{html.escape(article.title)}</title>{metas}{site if article.site else ''}"


def pdf(title: str, author: str, pages: list[list[str]]) -> bytes:
    """A document with one font and these lines on its pages."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    kids = []
    for lines in pages:
        stream = _lines(lines)
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R"
            b" /Resources << /Font << /F1 3 0 R >> >> >>" % len(objects)
        )
        kids.append(b"%d 0 R" % len(objects))
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(kids), len(kids))
    about = f"<< /Title ({title}) /Author ({author}) /CreationDate (D:20191201120000Z) >>"
    objects.append(about.encode("latin-1"))
    return _file(objects)


def _lines(lines: list[str]) -> bytes:
    shown = b"".join(
        b"(%s) Tj T*\n" % line.replace("(", r"\(").replace(")", r"\)").encode("cp1252")
        for line in lines
    )
    return b"BT /F1 12 Tf 16 TL 60 780 Td\n" + shown + b"ET"


def _file(objects: list[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.4\n")
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R /Info %d 0 R >>\n" % (len(objects) + 1, len(objects))
    return bytes(out + b"startxref\n%d\n%%%%EOF\n" % start)
