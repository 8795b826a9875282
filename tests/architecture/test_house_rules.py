"""House rules that a reader counts on, checked over every tracked file."""

import ast
import re
from pathlib import Path

import pytest

from tests.architecture.sources import PACKAGES, ROOT, modules, name, text_of, tracked

LONGEST = 450  # lines; past that a file is nearly always two ideas
ONE_FILE = {
    "core/engines/warm/spare.py",  # run by its path, inside a runtime's interpreter
    "tests/support/sim_engine.py",  # started by its path, by any interpreter
    "webui/src/lib/api/schema.d.ts",  # generated from webui/openapi.json
}
CODE = {".py", ".ts", ".svelte", ".css", ".mjs", ".js"}

# Spelled backwards, so that this file does not contain what it forbids.
_REGISTRIES = ("gro.ipyp", "gro.detsohnohtyp", "sjmpn.yrtsiger", "hcrotyp.daolnwod", "naibed.bed")
_MACHINES = ("/krow/", "/toor/", "/resu/emoh/", "/sleehw/tpo/")
_LATER = ("ODOT", "EMXIF", "rorrEdetnemelpmItoN esiar", "noos gnimoc")
FORBIDDEN = {
    "a package registry's address": [word[::-1] for word in _REGISTRIES],
    "a path of one person's machine": [word[::-1] for word in _MACHINES],
    "something left for later": [word[::-1] for word in _LATER],
}


def test_every_module_says_why_it_exists() -> None:
    """Every Python file opens with a docstring."""
    silent = [
        name(path)
        for path in modules()
        if ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) is None
    ]
    assert silent == []


def test_every_test_says_what_it_promises() -> None:
    """Each test function has a docstring naming the promise."""
    silent = [
        f"{name(path)}::{node.name}"
        for path in modules("tests")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and ast.get_docstring(node) is None
    ]
    assert silent == []


def test_no_file_holds_two_ideas() -> None:
    """No source file is longer than a reader can hold in mind."""
    long = {
        name(path): lines
        for path in tracked()
        if path.suffix in CODE
        and name(path) not in ONE_FILE
        and (lines := path.read_text("utf-8").count("\n")) > LONGEST
    }
    assert long == {}


def test_every_folder_of_code_has_a_readme() -> None:
    """Whoever opens a folder finds what lives there and which file to read first."""
    folders = {path.parent for path in modules(*PACKAGES)}
    rooms = {one for one in folders if len(one.relative_to(ROOT).parts) <= 2}
    rooms -= {ROOT / "tests" / mirrored for mirrored in PACKAGES}  # tests/README.md speaks for them
    missing = sorted(name(room) for room in rooms if not (room / "README.md").is_file())
    assert missing == []


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_tracked_file_contains(what: str) -> None:
    """The repository works anywhere, speaks only of the product, and has nothing left for later."""
    found = [
        f"{name(path)}: {word}"
        for path in tracked()
        if (text := text_of(path)) is not None
        for word in FORBIDDEN[what]
        if word in text
    ]
    assert found == []


def test_every_lock_is_pinned_and_hashed_without_addresses() -> None:
    """Each requirement names one version and its hashes, and nothing says where it came from."""
    for lock in sorted((ROOT / "requirements").glob("*.txt")):
        text = lock.read_text()
        assert "://" not in text, lock.name
        assert not re.search(r"^--", text, re.MULTILINE), f"{lock.name} carries an option"
        assert not re.search(r"^torch\b", text, re.MULTILINE), f"{lock.name} locks torch"
        entries = re.split(r"^(?=\S)", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE), flags=re.M)
        for entry in filter(None, entries):
            assert re.match(r"[A-Za-z0-9._-]+(\[[a-z,]+\])?==\S+", entry), entry.splitlines()[0]
            assert "--hash=sha256:" in entry, f"{entry.splitlines()[0]} has no hash"


def test_the_development_lock_agrees_with_the_apps() -> None:
    """Tests run on the very versions that people install."""
    pins = {lock: _pins(ROOT / "requirements" / f"{lock}.txt") for lock in ("app", "dev")}
    assert {k: pins["dev"].get(k) for k in pins["app"]} == pins["app"]


def _pins(lock: Path) -> dict[str, str]:
    return dict(re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", lock.read_text(), re.MULTILINE))
