"""Pages as they are read: what each of the little web's gives, or why it gives nothing."""

import hashlib
from collections.abc import Callable

import pytest

from core.research.web.fetching import Fetched, Limits
from core.research.web.reader import WebReader, kind_of
from core.research.web.views import WebProblem
from tests.core.research.web.conftest import HeldClock
from tests.support.little_web.articles import ARTICLES, Article
from tests.support.little_web.hostile import LURE, UNSEEN, VISIBLE
from tests.support.little_web.odd import ODD
from tests.support.little_web.server import LittleWeb

At = Callable[[str, str], str]
READABLE = [
    one for one in (*ARTICLES, *VISIBLE) if one.host != "closed" and "private" not in one.path
]


@pytest.mark.parametrize("article", READABLE, ids=lambda one: f"{one.host}{one.path}")
async def test_an_article_is_read_without_its_clutter(
    reader: WebReader, at: At, article: Article, clock: HeldClock
) -> None:
    """Every paragraph of it, letter by letter, and nothing of menus, banners and feet."""
    page = await reader.read(at(article.host, article.path))
    for paragraph in article.paragraphs:
        assert paragraph.removeprefix("## ") in page.text
    for clutter in ("Log in", "We value your privacy", "Ten things", "All rights reserved"):
        assert clutter not in page.text
    assert (page.author, page.date) == (article.author, article.date)
    assert page.site == article.site
    assert page.url == at(article.host, article.path)
    assert page.sha256 == hashlib.sha256(page.text.encode()).hexdigest()
    assert page.mime == "text/html"
    assert not page.truncated
    assert clock.now() - 10e6 < page.fetched_at <= clock.now()


@pytest.mark.parametrize(
    ("host", "path", "code"),
    [
        ("news", "/no-such-page", "dead"),
        ("news", "/gone", "dead"),
        ("news", "/subscribers", "forbidden"),
        ("news", "/fault", "server-error"),
        ("news", "/busy-for-long", "too-many-requests"),
        ("closed", "/page", "robots"),
        ("atlas", "/private/notes", "robots"),
        ("detour", "/closed", "robots"),
        ("faulty", "/page", "robots"),
        ("detour", "/home", "private-address"),
        ("detour", "/metadata", "private-address"),
        ("detour", "/a", "redirects"),
        ("detour", "/refresh-home", "private-address"),
        ("detour", "/refresh-for-ever", "redirects"),
        ("broken", "/picture", "unsupported"),
        ("broken", "/liar", "unsupported"),
        ("broken", "/garbage", "unreadable"),
        ("broken", "/paper.pdf", "unreadable"),
        ("broken", "/scripts", "empty"),
        ("broken", "/cut-off", "unreachable"),
    ],
)
async def test_what_can_not_be_read_says_why(
    reader: WebReader, web: LittleWeb, at: At, host: str, path: str, code: str
) -> None:
    """With what to do; and nobody was asked who should not have been."""
    with pytest.raises(WebProblem) as failed:
        await reader.read(at(host, path))
    assert failed.value.code == code
    assert failed.value.next_action
    assert "127.0.0.1" not in web.hosts()
    if code == "robots":
        assert all(one.path == "/robots.txt" for one in web.asked if one.host == "closed")


async def test_a_page_that_sends_its_readers_on_is_followed(reader: WebReader, at: At) -> None:
    """As a browser would."""
    page = await reader.read(at("detour", "/refresh"))
    assert (page.url, page.title) == (at("detour", "/chain/0"), "Norland")


async def test_a_pdf_is_read_with_its_title(reader: WebReader, at: At) -> None:
    """Both pages."""
    page = await reader.read(at("survey", "/report.pdf"))
    assert "The height of Mount Ada is 4,812.4 metres." in page.text
    assert "21.7 square kilometres" in page.text
    assert (page.title, page.author, page.date) == (
        "Survey of 2019, report",
        "Norland Survey",
        "2019-12-01",
    )
    assert page.mime == "application/pdf"


async def test_markdown_and_json_are_read_as_they_are(reader: WebReader, at: At) -> None:
    """Their signs are their own."""
    method = (await reader.read(at("survey", "/method.md"))).text
    assert "**at least** 24 hours" in method
    assert UNSEEN not in method
    assert '"2019": 4812' in (await reader.read(at("survey", "/heights.json"))).text


async def test_a_wrong_charset_spoils_nothing(reader: WebReader, at: At) -> None:
    """Whichever of the two ways round."""
    assert (
        "Hütte unter dem Berg heißt „Täubchen“" in (await reader.read(at("blog", "/latin1"))).text
    )
    assert "阿达山高4812米" in (await reader.read(at("blog", "/mislabelled"))).text


async def test_what_is_not_shown_is_not_read(reader: WebReader, at: At) -> None:
    """None of twenty ways to hide a sentence brings it into the text; what is shown stays."""
    page = await reader.read(at("hostile", "/hidden"))
    assert UNSEEN not in page.text + page.title + page.author + page.site
    for shown in ("forty by twenty metres", "says 4,790 metres", "path ends here", "Snow lies"):
        assert shown in page.text
    hut = await reader.read(at("hostile", "/zero-width"))
    assert "Sleeping there costs 40 crowns." in hut.text
    assert all(letter.isprintable() or letter == "\n" for letter in hut.text)


async def test_reading_a_hostile_page_asks_nobody_else(
    reader: WebReader, web: LittleWeb, at: At
) -> None:
    """No picture, no link, no address in it is ever loaded."""
    for article in VISIBLE:
        await reader.read(at(article.host, article.path))
    assert web.hosts() == {"hostile"}
    assert LURE.partition(".")[0] not in web.hosts()


@pytest.mark.parametrize("path", ["/endless", "/bomb", "/diary"])
async def test_a_huge_page_is_read_in_part(
    reader: WebReader, at: At, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And says so."""
    monkeypatch.setattr("core.research.web.reader.MOST_TEXT", 50_000)
    page = await reader.read(at("huge", path))
    assert page.truncated
    assert 0 < len(page.text) <= 50_000
    assert page.size == 50_000


async def test_a_short_rest_is_waited_for(reader: WebReader, at: At, clock: HeldClock) -> None:
    """Two seconds are nothing for a research."""
    page = await reader.read(at("news", "/busy"))
    assert "4,812 metres high" in page.text
    assert 2.0 in clock.slept


async def test_a_page_that_takes_for_ever_is_given_up(
    reader: WebReader, at: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the time that it is given."""
    monkeypatch.setattr(reader, "_limits", Limits(read_s=0.05))
    with pytest.raises(WebProblem) as failed:
        await reader.read(at("slow", "/never"))
    assert failed.value.code == "timeout"


async def test_files_of_this_machine_are_no_pages(reader: WebReader, tmp_path: str) -> None:
    """Neither by file: nor of a folder that nobody gave us."""
    for url, code in (("file:///etc/hosts", "bad-url"), ("folder://x/etc/hosts", "missing-folder")):
        with pytest.raises(WebProblem) as failed:
            await reader.read(url)
        assert failed.value.code == code


@pytest.mark.parametrize(
    ("header", "body", "kind", "mime"),
    [
        ("", b"<!DOCTYPE html><p>x", "html", "text/html"),
        ("application/octet-stream", b"just text", "text", "text/plain"),
        ("application/octet-stream", b"%PDF-1.7", "pdf", "application/pdf"),
        ("text/html", b"%PDF-1.7", "pdf", "application/pdf"),
        ("application/xhtml+xml", b"<html/>", "html", "application/xhtml+xml"),
        ("application/vnd.api+json", b"{}", "text", "application/vnd.api+json"),
        ("TEXT/HTML; charset=x", b"x", "html", "text/html"),
        ("text/plain", "x".encode("utf-16"), "text", "text/plain"),
    ],
)
def test_what_it_is_shows_in_its_first_bytes(
    header: str, body: bytes, kind: str, mime: str
) -> None:
    """Where the header says nothing, or something wrong."""
    there = Fetched(
        url="http://a.example/", status=200, headers={"content-type": header}, body=body, cut=False
    )
    assert kind_of(there) == (kind, mime)


def test_every_odd_page_is_known_to_some_test() -> None:
    """A page that nobody reads proves nothing."""
    assert len(ODD) + len(READABLE) > 50
