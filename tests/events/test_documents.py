"""The events' README is true."""

import re
from pathlib import Path

import events
from events.codec import FACT_TYPES, wire_name

FOLDER = Path(events.__file__).parent
README = (FOLDER / "README.md").read_text(encoding="utf-8")


def test_everything_that_can_happen_is_listed_with_its_sentence() -> None:
    """The table in the README is the facts, all of them and no other."""
    listed = dict(re.findall(r"^\| `[^`]+` \| `([a-z-]+)` \| (.+) \|$", README, re.MULTILINE))
    assert listed == {
        wire_name(kind): (kind.__doc__ or "").strip().splitlines()[0] for kind in FACT_TYPES
    }


def test_every_file_is_named() -> None:
    """Whoever opens the folder finds each file in the README."""
    for path in FOLDER.glob("*.py"):
        assert path.name == "__init__.py" or f"`{path.name}`" in README, path.name


def test_every_promise_names_a_test_that_is_there() -> None:
    """Files that are mentioned exist."""
    root = FOLDER.parent
    for mentioned in re.findall(r"`(tests/[a-z_/]+\.py)`", README):
        assert (root / mentioned).is_file(), mentioned
