"""What others wrote, shown in a terminal that obeys what is written into it."""

import json

import pytest

from desktop.cli.harmless import harmless, json_text, on_one_line
from desktop.cli.requests import in_words as requests_in_words
from desktop.cli.requests import one_in_words
from tests.desktop.conftest import Run
from tests.desktop.fake_app import FakeApp

CLIPBOARD = "\x1b]52;c;cm0gLXJmIH4=\x07"  # fills it with a command
CLEARED = "\x1b[2J\x1b[H"
TURNED = "\u202egnp.exe"


@pytest.mark.parametrize("text", [CLIPBOARD, CLEARED, TURNED, "\x9b2J", "a\x08b", "\x1b]0;t\x1b\\"])
def test_nothing_steers_the_terminal(text: str) -> None:
    """Its letters stay, and a mark where the rest stood."""
    told = harmless(f"before {text} after")
    assert told.startswith("before ")
    assert told.endswith(" after")
    assert not set(told) & set("\x1b\x07\x08\x9b\u202e")


def test_colours_and_lines_are_let_through() -> None:
    """Ours, and those of an engine's log; a bar that is drawn over itself becomes lines."""
    assert harmless("\x1b[31mred\x1b[0m\n\tmore") == "\x1b[31mred\x1b[0m\n\tmore"
    assert harmless("10%\r20%\r\n") == "10%\n20%\n"
    assert on_one_line("a\x1b[8mb\nc") == "a\ufffd[8mb\ufffdc"


def test_json_means_the_same() -> None:
    """What JSON may hold as it is, and a terminal still obeys."""
    data = json.dumps({"model": "\x9b2J\x7f模"}, ensure_ascii=False).encode()
    assert json.loads(json_text(data)) == {"model": "\x9b2J\x7f模"}
    assert json_text(data).isprintable()


def test_a_name_that_anybody_gave_a_model_stays_in_its_cell() -> None:
    """Whoever may ask `/v1` names it, and the owner reads it."""
    model = f"{CLIPBOARD}\x1b[8m\nforged"
    entry = {
        "finished_at": 1, "request_id": "r", "model": model, "actor": "api", "lane": "none",
        "outcome": "rejected", "cache": "", "error_code": "model_not_found", "status": 404,
        "prompt_tokens": None, "completion_tokens": None, "ttft_ms": None, "duration_ms": 1.0,
    }  # fmt: skip
    listed = requests_in_words({"requests": [entry], "next": None})
    assert len(listed.splitlines()) == 2
    assert len(one_in_words(entry).splitlines()) == len([v for v in entry.values() if v])
    for told in (listed, one_in_words(entry)):
        assert "\x1b]" not in told
        assert "\x1b[8m" not in told


def test_every_answer_passes_by_here(app: FakeApp, run: Run) -> None:
    """Also one of a command that never thought of it."""
    app.record("switch-requested", f"A switch to {CLIPBOARD} was asked for.")
    told = run("events").output
    assert "was asked for" in told
    assert not set(told) & set("\x1b\x07")
