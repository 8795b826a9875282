"""`status`: the machine as it is now, or as the log last knew it."""

import time
from collections.abc import Mapping
from typing import Any

import click

from core.auditing.opening import trouble_now
from core.secrets import Secrets
from desktop.cli.recorded import recorded_log, recorded_recipes, timeline_entry
from desktop.cli.terminal import StudioCommand, Terminal, pass_terminal
from desktop.cli.words import clock_time, columns, day_and_time, for_how_long, state_word
from desktop.problems import HOW_TO_START, NotRunning


@click.command(cls=StudioCommand)
@pass_terminal
def status(terminal: Terminal) -> None:
    """Show what runs, what changes and who waits."""
    try:
        now = terminal.client().get("/api/status")
    except NotRunning:
        past = _last_known(terminal)
        terminal.answer(past, lambda: _past_in_words(past))
    else:
        terminal.answer({"running": True, **now}, lambda: in_words(now))


def _last_known(terminal: Terminal) -> dict[str, Any]:
    settings = terminal.settings
    trouble = trouble_now(settings, Secrets(settings.paths.secrets))
    with recorded_log(terminal.settings) as store:
        last = store.read_all(limit=1, newest_first=True)
        position = store.head
    return {
        "running": False,
        "position": position,
        "last_event": timeline_entry(last[0]) if last else None,
        "recipes": [saved["recipe"] for saved in recorded_recipes(terminal.settings)],
        "problem": trouble.view() if trouble else None,
    }


def _past_in_words(past: Mapping[str, Any]) -> str:
    lines = ["vLLM Studio is not running.", f"  → {HOW_TO_START}"]
    if last := past["last_event"]:
        lines.append(f"Last: #{last['position']} {day_and_time(last['recorded_at'])}")
        lines.append(f"      {last['sentence']}")
    lines.append(f"{len(past['recipes'])} saved recipe(s).")
    if problem := past["problem"]:
        lines += [f"It would only look on: {problem.sentence}.", f"  → {problem.next_action}"]
    return "\n".join(lines)


def in_words(now: Mapping[str, Any]) -> str:
    """The picture of /api/status for people."""
    gateway = now["gateway"]
    lines = [
        click.style(now["headline"], bold=True),
        *_log_in_words(now),
        f"endpoint  {now['endpoint']}",
        f"gateway   {gateway['state']} on port {gateway['port']}"
        + (f": {gateway['error']}" if gateway.get("error") else ""),
    ]
    lines += [
        f"change    {change_in_words(change)}: {change['step']}"
        f" since {clock_time(change['since'])}, asked by {change['actor']}"
        for change in now.get("switches") or filter(None, [now.get("switch")])
    ]
    lines += [
        f"waiting   {waiting['requests']} request(s) for {waiting['recipe_id']}"
        + (f": {waiting['because']}" if waiting.get("because") else "")
        for waiting in now.get("waiting", ())
    ]
    lines += [
        f"failed    {recipe['name']}: {recipe.get('error') or 'see its log'}"
        + (f"\n          {left_alone(recipe)}" if recipe.get("blocked") else "")
        + (f"\n          → {recipe['next_action']}" if recipe.get("next_action") else "")
        for recipe in now["recipes"]
        if recipe["state"] == "failed"
    ]
    lines += [
        f"left      {engine['recipe_id']} runs as {engine['pid']}, unused: {engine['error']}"
        f"\n          → vllm-studio evict {engine['recipe_id']}"
        for engine in now["engines"]
        if engine["state"] == "left-alone"
    ]
    lines += ["", _recipes_in_words(now)]
    return "\n".join(lines)


def _log_in_words(now: Mapping[str, Any]) -> list[str]:
    """Why it only looks on, and what else should be known of the log."""
    lines = [f"notice    {notice}" for notice in now.get("notices", ())]
    if problem := now.get("problem"):
        lines.append(f"          → {problem['next_action']}")
    return lines


def left_alone(recipe: Mapping[str, Any]) -> str:
    """A recipe that failed too often: until when nobody tries."""
    until = recipe.get("blocked_until")
    when = f"until {clock_time(until)}" if until else "until it is changed or switched to by hand"
    return f"requests for it are refused {when}"


def _not_used(engine: Mapping[str, Any]) -> str:
    return (
        f"left      {engine['recipe_id']} runs as {engine['pid']} and is not used: "
        f"{engine['error']}\n          → vllm-studio evict {engine['recipe_id']}"
    )


def _recipes_in_words(now: Mapping[str, Any]) -> str:
    if not now["recipes"]:
        return "No recipe yet. Add one: `vllm-studio recipes add`, or try `vllm-studio demo`."
    engines = {engine["recipe_id"]: engine for engine in now["engines"]}
    rows = [_recipe_row(recipe, engines.get(recipe["id"])) for recipe in now["recipes"]]
    return columns(("recipe", "state", "for", "port", "engine", "model"), rows)


def _recipe_row(recipe: Mapping[str, Any], engine: Mapping[str, Any] | None) -> tuple[str, ...]:
    percent = recipe.get("percent")
    word = state_word(recipe["state"]) + ("" if percent is None else f" {percent:.0f} %")
    alive = engine is not None and recipe["state"] not in ("stopped", "failed")
    since = for_how_long(engine["since"], time.time_ns() // 1000) if engine and alive else ""
    port = str(engine["port"]) if engine and alive else ""
    return (recipe["id"], word, since, port, recipe["engine"], recipe.get("model") or "")


def change_in_words(change: Mapping[str, Any]) -> str:
    """ "switch to qwen", "evict everything"."""
    target = change["target"] or "everything"
    return f"switch to {target}" if change["kind"] == "switch" else f"{change['kind']} {target}"
