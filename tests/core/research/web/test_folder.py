"""A folder as a place to search: what is in it is found, and nothing outside of it."""

import os
from pathlib import Path

import pytest

from core.research.web import folder as module
from core.research.web.folder import FolderSearch
from core.research.web.ranking import terms_of
from core.research.web.views import WebProblem
from tests.core.research.web.conftest import HeldClock, ReadingHere
from tests.support.little_web.articles import ARTICLES
from tests.support.little_web.documents import page
from tests.support.little_web.odd import REPORT


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """With a file of each kind, and a secret beside it."""
    root = tmp_path / "notes"
    (root / "2026").mkdir(parents=True)
    (root / "ada.md").write_text("# Mount Ada\n\nIt is 4,812 metres high.\n\nNothing else.")
    (root / "2026" / "bahn fahrt.txt").write_bytes("Die Bahn fährt nach Sund.".encode("cp1252"))
    (root / "railway.html").write_text(page(ARTICLES[3]))
    (root / "report.pdf").write_bytes(REPORT)
    (root / "山.md").write_text("阿达山高4812米")
    (root / "picture.png").write_bytes(b"\x89PNG")
    (root / "broken.pdf").write_bytes(b"%PDF-1.4 broken")
    (root / ".hidden.md").write_text("hidden zebrafish")
    (root / ".git").mkdir()
    (root / ".git" / "x.md").write_text("hidden zebrafish")
    (tmp_path / "secret.md").write_text("secret zebrafish")
    return root


@pytest.fixture
def search(notes: Path, clock: HeldClock) -> FolderSearch:
    """Of that folder."""
    return FolderSearch("notes", notes, workers=ReadingHere(), clock=clock)


@pytest.mark.parametrize(
    ("query", "url"),
    [
        ("How high is Mount Ada?", "folder://notes/ada.md"),
        ("Bahn nach Sund", "folder://notes/2026/bahn%20fahrt.txt"),
        ("when did the railway open", "folder://notes/railway.html"),
        ("uncertainty of the receivers", "folder://notes/report.pdf"),
        ("达山", "folder://notes/%E5%B1%B1.md"),
        ("railway.html", "folder://notes/railway.html"),
    ],
)
async def test_files_are_found_and_read(search: FolderSearch, query: str, url: str) -> None:
    """Text, Markdown, HTML and PDF, by what they say and what they are called."""
    hits = await search.search(query, most=3)
    assert hits[0].url == url
    assert hits[0].provider == "notes"
    assert hits[0].title
    found = await search.read(url)
    assert found.url == url
    assert hits[0].snippet.strip("…")[:20] in " ".join(found.text.split())
    assert found.site
    assert found.date


async def test_the_path_of_the_folder_is_told_to_nobody(
    search: FolderSearch, tmp_path: Path
) -> None:
    """Neither by hits nor by pages nor by refusals."""
    for hit in await search.search("Mount Ada railway Sund", most=9):
        assert str(tmp_path) not in repr(hit)
        assert str(tmp_path) not in repr(await search.read(hit.url))
    with pytest.raises(WebProblem) as failed:
        await search.read("folder://notes/nothing.md")
    assert str(tmp_path) not in failed.value.message


@pytest.mark.parametrize(
    "path",
    [
        "../secret.md",
        "%2e%2e/secret.md",
        "2026/../../secret.md",
        "..%2fsecret.md",
        "/etc/hosts.txt",
        "%2Fetc%2Fhosts.txt",
        "link.md",
        "linked/secret.md",
        ".hidden.md",
        ".git/x.md",
        "2026/../.hidden.md",
        "picture.png",
        "2026",
        "",
        "no.md",
        "pipe.txt",
        "a\x00.md",
        "x" * 5000 + ".md",
    ],
)
async def test_nothing_outside_is_read(search: FolderSearch, notes: Path, path: str) -> None:
    """Whatever an address or a link says; nor what is hidden, no text, or no file."""
    (notes / "link.md").symlink_to(notes.parent / "secret.md")
    (notes / "linked").symlink_to(notes.parent)
    os.mkfifo(notes / "pipe.txt")
    with pytest.raises(WebProblem) as failed:
        await search.read(f"folder://notes/{path}")
    assert failed.value.code == "dead"


async def test_nothing_outside_or_hidden_is_found(search: FolderSearch, notes: Path) -> None:
    """Links are not followed."""
    (notes / "link.md").symlink_to(notes.parent / "secret.md")
    (notes / "linked").symlink_to(notes.parent)
    assert await search.search("zebrafish", most=9) == []
    assert await search.files() == 6


async def test_a_search_sees_the_folder_as_it_is_now(search: FolderSearch, notes: Path) -> None:
    """New, changed and deleted files, without reading the others again."""
    assert await search.search("zebrafish", most=9) == []
    (notes / "new.md").write_text("a zebrafish")
    (notes / "ada.md").write_text("two zebrafish, not one")
    found = {hit.url for hit in await search.search("zebrafish", most=9)}
    assert found == {"folder://notes/new.md", "folder://notes/ada.md"}
    (notes / "new.md").unlink()
    assert [hit.url for hit in await search.search("zebrafish", most=9)] == [
        "folder://notes/ada.md"
    ]


async def test_a_large_folder_is_read_bit_by_bit(
    search: FolderSearch, clock: HeldClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One search does not wait for all of it; the next goes on."""

    async def slowly(path: str, stamp: tuple[int, int]) -> module._Known:
        clock.seconds += module.INDEXING_S / 2
        return module._Known(stamp=stamp, title=path, terms=terms_of(path, "word"))

    monkeypatch.setattr(search, "_indexed", slowly)
    await search.search("word", most=9)
    assert len(search._known) == 3
    await search.search("word", most=9)
    assert len(search._known) == 6


async def test_a_folder_that_is_gone_is_said(tmp_path: Path, clock: HeldClock) -> None:
    """And the whole disk is no folder."""
    for root in (tmp_path / "gone", Path("/")):
        search = FolderSearch("notes", root, workers=ReadingHere(), clock=clock)
        for asked in (search.search("x", most=1), search.files()):
            with pytest.raises(WebProblem) as failed:
                await asked
            assert failed.value.code == "missing-folder"
