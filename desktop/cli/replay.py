"""`replay`: the studio as it stood at a moment, and what two moments differ in."""

from collections.abc import Iterable, Mapping
from typing import Any

import click

from desktop.cli import past
from desktop.cli.terminal import StudioCommand, Terminal, pass_terminal
from desktop.cli.words import columns, day_and_time, state_word

Json = Mapping[str, Any]

_SIGNS = {"added": ("+", "green"), "removed": ("−", "red"), "changed": ("~", "yellow")}
LONGEST = 60  # letters of one value


@click.command(cls=StudioCommand)
@click.option("--at", default="now", show_default=True, metavar="MOMENT", help="Which moment.")
@click.option(
    "--diff", nargs=2, metavar="A B", help="What changed from one moment to another, and by what."
)
@pass_terminal
def replay(terminal: Terminal, at: str, diff: tuple[str, str] | None) -> None:
    """Show everything as it stood at a moment; also when vLLM Studio is not running.

    \b
    A MOMENT is an event's number or a time:
      4711   14:02   'yesterday 14:02'   -2h   2026-11-30   2026-11-30T14:02:11+01:00
    A time means after the newest event recorded at or before it.
    """
    if diff is not None:
        found = past.diff(terminal, *diff)
        terminal.answer(found, lambda: differences_in_words(found))
        return
    told = past.state(terminal, at)
    terminal.answer(told, lambda: "\n\n".join(_sections(told)))


def _sections(told: Json) -> Iterable[str]:
    """What there was, each kind under its name; what there was none of is one line."""
    yield _when(told["position"], told["recorded_at"], told["head"])
    yield _services(told)
    yield _table(
        "Engines",
        ("recipe", "state", "since", "runtime", "asked for by"),
        (
            (
                run["recipe_id"],
                state_word(run["state"]),
                day_and_time(run["since"]),
                run["runtime"] or run["kind"],
                run["requested_by"],
            )
            for run in told["engines"]
        ),
    )
    if told["changes"]:
        yield _table(
            "Under way",
            ("change", "step", "since", "asked for by"),
            (
                (
                    f"{one['kind']} {one['target'] or 'everything'}",
                    one["step"],
                    day_and_time(one["since"]),
                    one["actor"],
                )
                for one in told["changes"]
            ),
        )
    yield _table(
        "Recipes",
        ("recipe", "revision", "saved", "by", "load"),
        (
            (
                saved["recipe_id"],
                str(saved["revision"]),
                day_and_time(saved["updated_at"]),
                saved["updated_by"],
                f"{told['load_s'][saved['recipe_id']]:.0f} s"
                if saved["recipe_id"] in told["load_s"]
                else "",
            )
            for saved in told["recipes"]
        ),
    )
    yield _table(
        "Settings that were changed",
        ("setting", "value"),
        ((key, _short(value)) for key, value in told["settings"].items()),
    )
    yield _table(
        "Keys in force",
        ("key", "begins with", "issued", "limits"),
        (
            (key["name"], key["prefix"], day_and_time(key["issued_at"]), _limits(key["limits"]))
            for key in told["keys"]
            if key["state"] == "in-force"
        ),
    )
    yield _table(
        "Virtual models",
        ("name", "stands for", "policy"),
        (
            (one["id"], ", ".join(one["data"]["members"]), one["data"]["policy"])
            for one in told["virtual_models"]
        ),
    )
    yield _table(
        "Providers",
        ("provider", "kind", "models"),
        (
            (
                one["id"],
                one["data"]["kind"],
                ", ".join(str(model.get("model")) for model in one["data"]["models"]),
            )
            for one in told["providers"]
        ),
    )
    yield _table(
        "Runtimes",
        ("runtime", "state", "since"),
        ((one["runtime_id"], one["state"], day_and_time(one["since"])) for one in told["runtimes"]),
    )
    yield from _of_tools(told)
    if told["usage"]:
        total = told["usage"]["total"]
        yield (
            f"Requests of {told['usage']['month']} up to {day_and_time(told['usage']['until'])}: "
            f"{total['requests']:,}, {total['prompt_tokens']:,} tokens in, "
            f"{total['completion_tokens']:,} out"
        )
    if told["unknown"]:
        many = sum(kind["events"] for kind in told["unknown"])
        kinds = ", ".join(kind["type"] for kind in told["unknown"])
        yield f"{many} event(s) of a newer version are not in here: {kinds}"


def _of_tools(told: Json) -> Iterable[str]:
    """Of secrets only names, of what is sealed only that it is there."""
    yield _table(
        "MCP servers",
        ("server", "state", "since", "where", "tools", "why"),
        (
            (
                one["name"],
                one["state"],
                day_and_time(one["since"]),
                _short(one["url"] or " ".join([one["command"], *one["args"]])),
                "" if one["tools"] is None else str(one["tools"]),
                _short(one["reason"]) if one["reason"] else "",
            )
            for one in told["mcp_servers"]
        ),
    )
    if policies := _policies(told):
        yield _table("Tools with a policy", ("tool", "may be called"), policies)
    if told["approvals"]:
        yield _table(
            "Standing approvals",
            ("tool", "given", "by"),
            (
                (
                    f"{one['server']}/{one['tool']}",
                    day_and_time(one["approved_at"]),
                    one["approved_by"],
                )
                for one in told["approvals"]
            ),
        )
    yield _table(
        "Search providers that were configured",
        ("provider", "kind", "where"),
        (
            (
                one["name"],
                one["data"]["kind"] if one["data"]["enabled"] else f"{one['data']['kind']}, off",
                one["data"]["url"] or one["data"]["folder"] or one["data"]["tool"],
            )
            for one in told["search_providers"]
        ),
    )
    if told["private_hosts"]:
        yield f"Private hosts that research might read: {', '.join(told['private_hosts'])}"
    yield f"Presets: {len(told['presets']) or 'none'}"
    yield _table(
        "Research",
        ("research", "state", "model", "asked for", "by", "sources", "notes"),
        (
            (
                one["research_id"],
                "erased" if one["erased"] else one["state"],
                one["model"],
                day_and_time(one["started_at"]),
                one["started_by"],
                str(one["sources"]),
                str(one["notes"]),
            )
            for one in told["research"]
        ),
    )


def _policies(told: Json) -> list[tuple[str, ...]]:
    return [
        (f"{one['name']}/{tool}", policy)
        for one in told["mcp_servers"]
        for tool, policy in one["policies"].items()
    ]


def differences_in_words(found: Json) -> str:
    """Old and new of every field, and under it the facts that did it."""
    lines = [
        f"From {_moment(found['from_position'], found['from_recorded_at'])}"
        f" to {_moment(found['to_position'], found['to_recorded_at'])}:"
    ]
    if not found["differences"]:
        lines.append("Nothing that is shown here is different.")
    for one in found["differences"]:
        sign, colour = _SIGNS[one["change"]]
        lines.append(click.style(f"{sign} {one['what']} {one['id']}", fg=colour))
        for field in one["fields"]:
            before, after = _short(field["before"]), _short(field["after"])
            change = {"added": after, "removed": before}.get(one["change"], f"{before} → {after}")
            lines.append(f"    {field['field']}: {change}")
        for fact in one["facts"]:
            lines.append(
                click.style(
                    f"    #{fact['position']} {day_and_time(fact['recorded_at'])}"
                    f" {fact['actor']}: {fact['sentence']}",
                    dim=True,
                )
            )
        if one["more_facts"]:
            lines.append(click.style(f"    and {one['more_facts']} earlier facts", dim=True))
    return "\n".join(lines)


def _when(position: int, recorded_at: int | None, head: int) -> str:
    newest = ", which is the newest" if position == head else f" of {head}"
    return f"As of {_moment(position, recorded_at)}{newest}."


def _moment(position: int, recorded_at: int | None) -> str:
    if recorded_at is None:
        return "the beginning, before the first event"
    return f"event #{position} ({day_and_time(recorded_at)})"


def _services(told: Json) -> str:
    lines = []
    for name, called in (("studio", "vLLM Studio"), ("gateway", "The gateway")):
        service = told["services"].get(name)
        if service is None:
            lines.append(f"{called} had never run.")
            continue
        word = {"ready": "ran", "starting": "was starting"}.get(service["state"], service["state"])
        version = f" {service['version']}" if service["version"] else ""
        lines.append(f"{called}{version} {word} since {day_and_time(service['since'])}.")
        if service["routes"]:
            lines[-1] += f" It routed: {', '.join(service['routes'])}."
    return "\n".join(lines)


def _table(title: str, head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    found = list(rows)
    if not found:
        return f"{title}: none"
    return f"{click.style(title, bold=True)}\n{columns(head, found)}"


def _limits(limits: Json) -> str:
    """Those that say something."""
    told = [
        f"{name} {_short(value)}"
        for name, value in limits.items()
        if value not in (None, [], ["inference"])
    ]
    return ", ".join(told) or "none"


def _short(value: object) -> str:
    match value:
        case None:
            text = "nothing"
        case bool():
            text = "on" if value else "off"
        case list() | tuple():
            text = ", ".join(map(str, value)) or "nothing"
        case _:
            text = " ".join(str(value).split()) or "nothing"
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
