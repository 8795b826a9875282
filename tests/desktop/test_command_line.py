"""The terminal talks to the running app, and says what it says."""

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from core.version import studio_version
from desktop.cli.root import vllm_studio
from tests.desktop.conftest import Run
from tests.desktop.fake_app import FakeApp


def every_command() -> list[tuple[str, ...]]:
    """Each command's words, groups included."""
    found: list[tuple[str, ...]] = []

    def walk(group: click.Group, words: tuple[str, ...]) -> None:
        for name, command in group.commands.items():
            found.append((*words, name))
            if isinstance(command, click.Group):
                walk(command, (*words, name))

    walk(vllm_studio, ())
    return found


@pytest.mark.parametrize("words", every_command(), ids=" ".join)
def test_every_command_explains_itself(words: tuple[str, ...], run: Run) -> None:
    """`--help` works everywhere, and every command that does something takes `--json`."""
    result = run(*words, "--help")
    assert result.exit_code == 0
    assert result.output.startswith("Usage: ")
    if "COMMAND [ARGS]" not in result.output:
        assert "--json" in result.output


def test_a_group_lists_whole_sentences(run: Run) -> None:
    """What a command does can be read to its end where one chooses among them."""
    for words in ((), ("audit",), ("recipes",), ("keys",), ("mcp",)):
        assert "..." not in run(*words, "--help").output.partition("Commands:")[2]


NAMED = (
    ("logs",),
    ("recipes", "fit"),
    ("recipes", "history"),
    ("recipes", "restore"),
    ("recipes", "remove"),
    ("recipes", "edit", "--set", "name=x"),
    ("runtimes", "remove"),
    ("conversations", "show"),
    ("virtual", "remove"),
    ("mcp", "log"),
)


@pytest.mark.parametrize("words", NAMED, ids=" ".join)
def test_any_letters_may_stand_in_a_name(app: FakeApp, run: Run, words: tuple[str, ...]) -> None:
    """The app is asked about them: it is neither a crash nor an app that does not run."""
    result = run(*words, "größe nr. 1?")
    assert result.exit_code in (0, 1), result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert any("/gr%C3%B6%C3%9Fe%20nr.%201%3F" in path for _, path, _ in app.asked)


def test_a_file_that_can_not_be_used_is_a_sentence(app: FakeApp, run: Run, home: Path) -> None:
    """Which one and why; nobody reads a traceback to learn that a folder is not there."""
    missing = home / "nowhere" / "x.toml"
    result = run("recipes", "export", "qwen", "-o", str(missing))
    assert (result.exit_code, "No such file or directory" in result.output) == (1, True)
    assert str(missing) in result.output
    picture = home / "picture.toml"
    picture.write_bytes(b"\x89PNG\xff")
    result = run("recipes", "import", str(picture))
    assert (result.exit_code, "no text in UTF-8" in result.output) == (1, True)


@pytest.mark.parametrize("words", [("events", "-n", "-3"), ("logs", "demo", "-n", "0")])
def test_so_many_lines_are_at_least_one(app: FakeApp, run: Run, words: tuple[str, ...]) -> None:
    """Said as every other wrong use."""
    assert run(*words).exit_code == 2


def test_the_promised_commands_are_there() -> None:
    """The command line of the design, word for word."""
    promised = (
        "serve demo status recipes switch load evict logs events runtimes keys settings doctor "
        "autostart open quit"
    )
    assert set(promised.split()) <= set(vllm_studio.commands)


def test_status_shows_state_and_percent(app: FakeApp, run: Run) -> None:
    """What runs, what loads and how far it is."""
    result = run("status")
    assert result.exit_code == 0
    assert "qwen is ready." in result.output
    assert "● ready" in result.output
    assert "◔ loading 40 %" in result.output


def test_json_is_one_document(app: FakeApp, run: Run) -> None:
    """Programs can read every answer whole."""
    answer = json.loads(run("status", "--json").output)
    assert answer["running"] is True
    assert answer["active"] == "qwen"


def test_json_may_stand_before_the_command(app: FakeApp, run: Run) -> None:
    """`vllm-studio --json status` is the same."""
    assert json.loads(run("--json", "status").output)["active"] == "qwen"


def test_the_terminal_says_who_it_is(app: FakeApp, run: Run) -> None:
    """The log will name the command line as the one who asked, and the owner as the person."""
    assert run("switch", "demo").exit_code == 0
    assert set(app.actors) == {"cli"}


def test_switch_waits_until_the_model_is_ready(app: FakeApp, run: Run) -> None:
    """The command ends when the change is done, and says how long it took."""
    result = run("switch", "demo", "--force")
    assert result.exit_code == 0
    assert "demo is ready after" in result.output
    wish = {"target": "demo", "force": True, "wait": True}
    assert ("POST", "/api/switch", wish) in app.asked


def test_switch_without_waiting_returns_at_once(app: FakeApp, run: Run) -> None:
    """`--no-wait` only asks."""
    assert run("switch", "demo", "--no-wait").exit_code == 0
    wish = {"target": "demo", "force": False, "wait": False}
    assert ("POST", "/api/switch", wish) in app.asked


def test_a_failed_switch_says_why_and_what_next(app: FakeApp, run: Run) -> None:
    """The sentence, the engine's decisive lines and the next step; exit code 1."""
    app.refuse["/api/switch"] = (
        502,
        {
            "detail": "qwen ran out of GPU memory",
            "code": "out-of-memory",
            "next_action": "lower its context length",
            "lines": ["torch.OutOfMemoryError: CUDA out of memory"],
        },
    )
    result = run("switch", "qwen")
    assert result.exit_code == 1
    assert "qwen ran out of GPU memory." in result.output
    assert "torch.OutOfMemoryError" in result.output
    assert "→ lower its context length" in result.output


def test_a_failure_under_json_is_the_problem_object(app: FakeApp, run: Run) -> None:
    """The app's own problem document, unchanged, and still exit code 1."""
    problem = {"detail": "no", "code": "out-of-memory", "next_action": "less", "exit_code": 137}
    app.refuse["/api/switch"] = (502, problem)
    result = run("switch", "qwen", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == problem


def test_evict_without_a_name_means_everything(app: FakeApp, run: Run) -> None:
    """No recipe: every engine."""
    assert run("evict").exit_code == 0
    assert ("POST", "/api/evict", {"target": None, "force": False, "wait": True}) in app.asked


def test_events_are_told_in_order(app: FakeApp, run: Run) -> None:
    """Oldest first, with number, asker and sentence."""
    app.record("switch-requested", "A switch was asked for.")
    lines = run("events").output.splitlines()
    assert lines[0].startswith("#1")
    assert lines[1].endswith("cli      A switch was asked for.")


def test_events_after_a_position_come_whole_and_in_order(app: FakeApp, run: Run) -> None:
    """More than one page of news, and nothing lost between the pages."""
    for n in range(1200):
        app.record("engine-progressed", f"step {n}.")
    result = run("events", "--after", "1", "--json")
    positions = [json.loads(line)["position"] for line in result.output.splitlines()]
    assert positions == list(range(2, 1202))


def test_following_events_ends_with_the_app(app: FakeApp, run: Run) -> None:
    """`events -f` shows what comes and leaves when the app does."""
    app.ended = True
    result = run("events", "-f")
    assert result.exit_code == 0
    assert "vLLM Studio 0.1.0 started." in result.output


def test_logs_are_shown_and_followed(app: FakeApp, run: Run) -> None:
    """The same lines both ways."""
    assert run("logs", "qwen").output == "INFO loading\nINFO ready\n"
    assert run("logs", "-f", "qwen").output == "INFO loading\nINFO ready\n"


def test_recipes_are_listed(app: FakeApp, run: Run) -> None:
    """Id, engine and model of each."""
    result = run("recipes", "list")
    assert "Qwen/Qwen3-8B" in result.output
    assert "demo" in result.output


def test_a_recipe_is_shown_as_toml(app: FakeApp, run: Run) -> None:
    """What is printed could be imported again."""
    assert "context_length = 32768" in run("recipes", "show", "qwen").output


def test_an_unknown_recipe_names_the_known_ones(app: FakeApp, run: Run) -> None:
    """A typing error is answered with what could have been meant."""
    result = run("recipes", "show", "qwem")
    assert result.exit_code == 1
    assert "demo, qwen" in result.output


def test_recipes_are_added_from_options(app: FakeApp, run: Run) -> None:
    """Fields keep their types: numbers are numbers, tables are reached by a dot."""
    result = run(
        "recipes", "add", "new", "--model", "org/model", "--set", "tensor_parallel=2",
        "--set", "env.LEVEL=3",
    )  # fmt: skip
    assert result.exit_code == 0
    saved = {"id": "new", "model": "org/model", "tensor_parallel": 2, "env": {"LEVEL": "3"}}
    assert ("POST", "/api/recipes", saved) in app.asked


def test_editing_changes_only_what_was_named(app: FakeApp, run: Run) -> None:
    """The rest of the recipe goes back as it came."""
    assert run("recipes", "edit", "qwen", "--set", "dtype=half", "--unset", "context_length")
    saved = {"id": "qwen", "model": "Qwen/Qwen3-8B", "dtype": "half"}
    assert ("PUT", "/api/recipes/qwen", saved) in app.asked


def test_editing_in_the_editor(
    app: FakeApp, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What the person saves in their editor is what is sent."""
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\nsed -i 's/32768/4096/' \"$1\"\n")
    editor.chmod(0o755)
    monkeypatch.setenv("EDITOR", str(editor))
    monkeypatch.setenv("VISUAL", str(editor))
    assert run("recipes", "edit", "qwen").exit_code == 0
    saved = {"id": "qwen", "model": "Qwen/Qwen3-8B", "context_length": 4096}
    assert ("PUT", "/api/recipes/qwen", saved) in app.asked


def test_a_wish_that_is_no_assignment_is_a_usage_error(app: FakeApp, run: Run) -> None:
    """Exit code 2, and nothing was asked of the app but the recipe."""
    result = run("recipes", "edit", "qwen", "--set", "dtype")
    assert result.exit_code == 2
    assert not [method for method, _, _ in app.asked if method == "PUT"]


def test_what_is_exported_can_be_imported(app: FakeApp, run: Run, tmp_path: Path) -> None:
    """The file's ending chooses the format, both ways."""
    file = tmp_path / "recipes.yaml"
    assert run("recipes", "export", "-o", str(file)).exit_code == 0
    assert run("recipes", "import", str(file)).exit_code == 0
    body = {"format": "yaml", "text": file.read_text()}
    assert ("POST", "/api/recipes/import", body) in app.asked


def test_settings_are_listed_and_set(app: FakeApp, run: Run) -> None:
    """With where they come from, and whether they wait for a restart."""
    assert "8080" in run("settings", "list").output
    assert "after the next start" in run("settings", "set", "port", "9090").output
    assert ("PATCH", "/api/settings", {"port": 9090}) in app.asked


def test_runtimes_are_listed_installed_and_removed(app: FakeApp, run: Run) -> None:
    """What is there, what could be, and both ways between."""
    listed = run("runtimes", "list").output
    assert "litellm-1" in listed
    assert "sglang" in listed
    assert run("runtimes", "install", "sglang").exit_code == 0
    wish = {"kind": "sglang", "version": None, "wait": True}
    assert ("POST", "/api/runtimes", wish) in app.asked
    assert run("runtimes", "remove", "litellm-1").exit_code == 0


def test_quit_returns_when_the_app_is_gone(app: FakeApp, run: Run) -> None:
    """Not before: scripts may start it again right after."""
    result = run("quit", "--leave-engines")
    assert result.exit_code == 0
    assert ("POST", "/api/quit", {"leave_engines": True}) in app.asked
    assert "Its engines run on." in result.output


def test_the_demo_talks_to_a_running_app(app: FakeApp, run: Run) -> None:
    """Set up, switch, a real question, the streamed answer and the sums."""
    result = run("demo", "--once")
    assert result.exit_code == 0, result.output
    assert "I am the demo." in result.output
    assert "4 tokens" in result.output
    assert ("POST", "/api/demo", {"action": "setup", "wait": True}) in app.asked


def test_a_demo_that_fails_says_how_it_goes_on(app: FakeApp, run: Run) -> None:
    """What failed and where, in the installer's own words too; and that nothing begins anew."""
    app.refuse["/api/demo"] = (
        503,
        {
            "detail": "Transformers serve could not be installed: the package index is away",
            "next_action": "Check the network.",
            "lines": ["cause: Failed to fetch: the address"],
        },
    )
    result = run("demo")
    assert result.exit_code == 1
    assert "│ cause: Failed to fetch: the address" in result.output
    assert "→ Check the network. The same command again goes on from there" in result.output


def test_a_missing_key_of_a_provider_says_how_to_give_it(app: FakeApp, run: Run) -> None:
    """It may not stand on the command line, so it is told where else."""
    app.refuse["/api/providers"] = 400, {"detail": "it demands an API key", "field": "api_key"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("desktop.client.Client.get", lambda *_, **__: {"providers": []})
        result = run("providers", "add", "openai", "--model", "gpt-5")
    assert (result.exit_code, "--key-stdin" in result.output) == (1, True)


def test_a_second_launch_asks_for_focus_and_leaves(app: FakeApp, run: Run) -> None:
    """`open` brings the window of the running app to the front and prints the address."""
    result = run("open")
    assert result.exit_code == 0
    assert result.output.startswith("http://127.0.0.1:")
    assert ("POST", "/api/focus", {}) in app.asked


def test_it_says_its_version() -> None:
    """What a bug report begins with."""
    shown = CliRunner().invoke(vllm_studio, ["--version"], prog_name="vllm-studio")
    assert shown.output == f"vllm-studio {studio_version()}\n"


def test_a_new_keys_secret_is_the_whole_answer(app: FakeApp, run: Run) -> None:
    """So it can be piped to where it is kept; the warning stands beside it."""
    result = run("keys", "issue", "laptop", "--expires", "90d")
    assert result.exit_code == 0
    assert result.stdout == "sk-studio-secret\n"
    assert "not shown again" in result.stderr
    wish = {"name": "laptop", "expires_in_s": 90 * 86400}
    assert ("POST", "/api/keys", wish) in app.asked


def test_keys_are_listed_with_what_became_of_them(app: FakeApp, run: Run) -> None:
    """Name, id, first letters and state, and whether one is demanded."""
    result = run("keys", "list")
    assert "laptop" in result.output
    assert "in force" in result.output
    assert "on page two" in result.output
    assert "A key is not demanded" in result.output


def test_a_key_is_issued_with_its_limits(app: FakeApp, run: Run) -> None:
    """Those that are named, as /api/keys calls them."""
    given = "--models qwen,llama --rpm 60 --tpm 90000 --parallel 4 --budget-day 2.5 --scopes audit"
    assert run("keys", "issue", "ci", *given.split(), "--lanes", "direct").exit_code == 0
    limits = {
        "models": ["qwen", "llama"],
        "requests_per_minute": 60,
        "tokens_per_minute": 90000,
        "parallel": 4,
        "budget_day": 2.5,
        "scopes": ["audit"],
        "lanes": ["direct"],
    }
    assert ("POST", "/api/keys", {"name": "ci", "limits": limits}) in app.asked


def test_a_keys_limits_are_set_and_cleared(app: FakeApp, run: Run) -> None:
    """What is not named stays; nothing named is a mistake, and so is a limit there is not."""
    assert run("keys", "limit", "laptop", "--rpm", "9", "--clear", "tpm,models").exit_code == 0
    wish = {"requests_per_minute": 9, "tokens_per_minute": None, "models": None}
    assert ("PATCH", "/api/keys/laptop", wish) in app.asked
    assert run("keys", "limit", "laptop").exit_code == 2
    unknown = run("keys", "limit", "laptop", "--clear", "speed")
    assert unknown.exit_code == 2
    assert "there is no limit 'speed'" in unknown.output


def test_a_key_is_shown_with_what_it_used(app: FakeApp, run: Run) -> None:
    """How much, of how much, and when it begins anew."""
    assert "models qwen; rpm 60; budget-day 2.5" in run("keys", "list").output
    lines = run("keys", "show", "laptop").output.splitlines()
    assert lines[2] == "limits: models qwen; rpm 60; budget-day 2.5"
    assert lines[3].startswith("requests this minute: 12 of 60, anew at ")
    assert "tokens this minute: 3400" in lines
    assert "running now: 1" in lines


def test_a_key_is_revoked_by_its_name(app: FakeApp, run: Run) -> None:
    """Also one that needs quoting in an address."""
    assert "was revoked" in run("keys", "revoke", "my laptop").output
    assert ("DELETE", "/api/keys/my%20laptop", None) in app.asked


def test_a_revoked_key_is_let_in_again_by_its_id(app: FakeApp, run: Run) -> None:
    """Its name may be another key's by now."""
    assert "opens the door again" in run("keys", "reinstate", "k1").output
    assert ("POST", "/api/keys/k1/reinstate", {}) in app.asked


def test_a_time_to_live_needs_its_unit(app: FakeApp, run: Run) -> None:
    """Ninety what?"""
    result = run("keys", "issue", "laptop", "--expires", "90")
    assert result.exit_code == 2
    assert "such as 90d" in result.output
