"""What is told of a research in a terminal."""

from typing import Any

from desktop.cli.research import bibliography, progress

VIEW: dict[str, Any] = {
    "sources": [
        {"n": 1, "state": "read", "title": "Mount Ada", "url": "https://a/", "cited": True},
        {"n": 2, "state": "refused", "url": "https://b/", "problem": "robots", "cited": False},
        {"n": 3, "state": "reading", "title": "Later", "url": "https://c/", "cited": False},
    ],
    "plan": [
        {"question": "How high?", "state": "written"},
        {"question": "Who first?", "state": "reading"},
    ],
}


def test_what_was_done_is_told_line_by_line() -> None:
    """Pages that were read or not, and what is written; nothing that is only under way."""
    assert list(progress(VIEW)) == [
        "read [1] Mount Ada",
        "not read [2] https://b/: robots",
        "written: How high?",
    ]


def test_the_sources_that_are_cited_stand_below() -> None:
    """With their numbers; none: nothing."""
    assert bibliography(VIEW | {"title": ""}) == "\n[1] Mount Ada https://a/"
    assert bibliography({"sources": []}) == ""
