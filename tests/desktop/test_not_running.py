"""What the terminal can do when nobody is at home."""

import json
import os
from pathlib import Path

import pytest

from desktop.running_app import RunningApp, announce
from events.facts import AppStarted, RecipeCreated
from events.projections import ALL
from events.store import EventStore
from tests.desktop.conftest import Run
from tests.harness.ports import free_port

READING = [("status",), ("recipes", "list"), ("recipes", "export"), ("events",)]
ASKING = [
    ("switch", "qwen"),
    ("load", "qwen"),
    ("evict",),
    ("logs", "qwen"),
    ("events", "-f"),
    ("recipes", "remove", "qwen"),
    ("recipes", "clone", "qwen", "copy"),
    ("runtimes", "list"),
    ("settings", "list"),
    ("open",),
    ("quit",),
]


@pytest.fixture
def past(home: Path) -> None:
    """Something happened here once."""
    store = EventStore.open(home / "main.db", projections=ALL)
    recipe = {"id": "qwen", "model": "Qwen/Qwen3-8B"}
    store.append_now("app", [AppStarted(version="0.1.0", pid=1)], actor="system")
    store.append_now(
        "recipe-qwen", [RecipeCreated(recipe_id="qwen", recipe=recipe)], actor="window"
    )
    store.close()


@pytest.mark.parametrize("words", ASKING, ids=" ".join)
def test_asking_needs_an_app(words: tuple[str, ...], run: Run, past: None) -> None:
    """Exit code 3, and how to start it."""
    result = run(*words)
    assert result.exit_code == 3
    assert "vLLM Studio is not running." in result.stderr
    assert "vllm-studio serve" in result.stderr


@pytest.mark.parametrize("words", READING, ids=" ".join)
def test_reading_reads_the_log(words: tuple[str, ...], run: Run, past: None) -> None:
    """The saved recipes and the story are there without an app."""
    result = run(*words)
    assert result.exit_code == 0, result.output
    assert run(*words, "--json").exit_code == 0


@pytest.mark.parametrize("words", READING, ids=" ".join)
def test_before_the_first_start_there_is_nothing_to_read(words: tuple[str, ...], run: Run) -> None:
    """Exit code 3, and a sentence, not a traceback."""
    result = run(*words)
    assert result.exit_code == 3
    assert "nothing is recorded yet" in result.stderr


def test_the_story_is_told_from_the_log(run: Run, past: None) -> None:
    """In order, with who asked."""
    _, first, second = run("events").output.splitlines()
    assert first.endswith("system   vLLM Studio 0.1.0 started.")
    assert second.endswith("window   The recipe qwen was created.")
    assert run("events", "--after", "2").output.splitlines() == [second]


def test_a_recipe_is_shown_from_the_log(run: Run, past: None) -> None:
    """Every field that is set."""
    shown = json.loads(run("recipes", "show", "qwen", "--json").output)
    assert shown["recipe"]["model"] == "Qwen/Qwen3-8B"
    assert shown["updated_by"] == "window"


def test_the_command_for_another_machine_needs_no_app(run: Run, past: None, home: Path) -> None:
    """The line alone on standard output, to be copied or piped; what it needs beside it."""
    store = EventStore.open(home / "main.db", projections=ALL)
    spread = {"nodes": 2, "tensor_parallel": 2, "node_address": "10.0.0.1:5000"}
    recipe = {"id": "big", "model": "a/b", "engine": "sglang", **spread}
    created = RecipeCreated(recipe_id="big", recipe=recipe)
    store.append_now("recipe-big", [created], actor="window")
    store.close()
    result = run("recipes", "node-command", "big", "--rank", "1")
    assert result.stdout == (
        "python -m sglang.launch_server --model-path a/b --tp-size 2 --nnodes 2 --node-rank 1"
        " --dist-init-addr 10.0.0.1:5000\n"
    )
    assert "The same version of sglang" in result.stderr
    refused = run("recipes", "node-command", "qwen")
    assert refused.exit_code == 1
    assert "runs on this machine alone" in refused.stderr


def test_reading_writes_nothing(run: Run, past: None, home: Path) -> None:
    """The log is byte for byte what it was."""
    before = (home / "main.db").read_bytes()
    for words in READING:
        run(*words)
    assert (home / "main.db").read_bytes() == before


def test_a_leftover_announcement_is_seen_through(run: Run, past: None, home: Path) -> None:
    """The process id lives again as another program, but nobody listens: not running."""
    (home / "run").mkdir(exist_ok=True)
    ghost = RunningApp(pid=os.getpid(), port=free_port(), started_at=1, version="0.1.0")
    announce(home / "run", ghost)
    assert run("switch", "qwen").exit_code == 3
    assert run("status").exit_code == 0
    assert len(run("events").output.splitlines()) == 3


def test_not_running_under_json_is_a_problem_object(run: Run, past: None) -> None:
    """For programs."""
    problem = json.loads(run("switch", "qwen", "--json").stdout)
    assert problem["code"] == "not-running"
    assert problem["next_action"]


def test_a_wrong_setting_names_its_place(run: Run, home: Path) -> None:
    """File, line and what would be right; exit code 1."""
    (home / ".env").write_text("VLLM_STUDIO_PORT=many\n")
    result = run("status")
    assert result.exit_code == 1
    assert ".env" in result.stderr
