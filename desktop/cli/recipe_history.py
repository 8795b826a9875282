"""`recipes history` and `recipes restore`: what a recipe was, and back to it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import click
import msgspec

from core.errors import NotFound
from core.recipes.history import facts_of, revisions
from desktop.cli.recorded import recorded_log
from desktop.cli.terminal import StudioCommand, Terminal, pass_terminal
from desktop.cli.words import columns, day_and_time
from desktop.problems import NotRunning
from events.projections.keys_in_force import issued_key

Revision = Mapping[str, Any]  # as /api/recipes/{id}/revisions gives them
SECRET = "@secret:"
SHOWN = 3  # changes of a revision, in the list of all
ABSENT = object()


@click.command(cls=StudioCommand)
@click.argument("recipe_id")
@click.option(
    "--diff", "two", nargs=2, type=int, metavar="A B", help="What two revisions differ in."
)
@pass_terminal
def history(terminal: Terminal, recipe_id: str, two: tuple[int, int] | None) -> None:
    """Every revision of a recipe: who changed what, and when. The newest comes first."""
    found = _revisions(terminal, recipe_id)
    if two is None:
        terminal.answer({"revisions": found}, lambda: "\n".join(_list(found)))
        return
    first, second = (revision_of(found, recipe_id, number)["recipe"] for number in two)
    changes = [
        {"field": field, "before": _plain(before), "after": _plain(after)}
        for field, before, after in changes_between(first, second)
    ]
    words = [in_words(*change) for change in changes_between(first, second)]
    terminal.answer(
        {"from": two[0], "to": two[1], "changes": changes},
        lambda: "\n".join(words) or f"Revisions {two[0]} and {two[1]} say the same.",
    )


@click.command(cls=StudioCommand)
@click.argument("recipe_id")
@click.argument("revision", type=int, required=False)
@pass_terminal
def restore(terminal: Terminal, recipe_id: str, revision: int | None) -> None:
    """Bring an archived recipe back, or make it what it was at REVISION.

    What it was is saved as a new revision; `recipes history` lists them all.
    """
    client = terminal.client()
    if revision is None:
        answer = client.post(f"{path_of(recipe_id)}/restore")
        terminal.answer(answer or {"id": recipe_id}, f"{recipe_id} is back.")
        return
    found = _revisions(terminal, recipe_id)
    wanted = revision_of(found, recipe_id, revision)["recipe"]
    newest = found[0]
    if newest["how"] == "archived":
        newest = {**newest, **(client.post(f"{path_of(recipe_id)}/restore") or {})}
    if newest["recipe"] == wanted:
        terminal.answer(
            {"recipe": wanted, "revision": newest["revision"], "changed": False},
            f"{recipe_id} is as it was at revision {revision}.",
        )
        return
    at = newest["revision"]
    saved = client.put(f"{path_of(recipe_id)}?expected_revision={at}", wanted)
    terminal.answer(saved, f"{recipe_id} is what it was at revision {revision}, as a new revision.")


def revision_of(found: Sequence[Revision], recipe_id: str, number: int) -> Revision:
    """That revision. Raises NotFound, which names those there are."""
    for one in found:
        if one["revision"] == number:
            return one
    last = found[0]["revision"]
    raise NotFound(
        f"{recipe_id} has no revision {number}",
        code="revision_not_found",
        next_action=f"it has revisions 1 to {last}: `vllm-studio recipes history {recipe_id}`",
    )


def changes_between(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[tuple[str, Any, Any]]:
    """Field by field, by name: what it was and is, or ABSENT. "env.HF_HOME" is inside a table."""
    was, now = dict(_flat(before)), dict(_flat(after))
    for field in sorted(was.keys() | now.keys()):
        one, other = was.get(field, ABSENT), now.get(field, ABSENT)
        if one != other:
            yield field, one, other


def in_words(field: str, before: object, after: object) -> str:
    """One change in a line."""
    if before is ABSENT:
        return f"+ {field}: {_shown(after)}"
    if after is ABSENT:
        return f"− {field}: {_shown(before)}"
    return f"~ {field}: {_shown(before)} → {_shown(after)}"


def _list(found: Sequence[Revision]) -> Iterator[str]:
    rows = []
    for at, one in enumerate(found):
        earlier = next((o for o in found[at + 1 :] if o["revision"] < one["revision"]), None)
        rows.append(
            (
                str(one["revision"]),
                day_and_time(one["recorded_at"]),
                one["key_name"] or one["actor"],
                _how(one),
                _what(one, earlier),
            )
        )
    yield columns(("revision", "when", "who", "how", "what changed"), rows)


def _how(one: Revision) -> str:
    return f"{one['how']} from {one['source']}" if one["source"] else str(one["how"])


def _what(one: Revision, earlier: Revision | None) -> str:
    if one["how"] in ("archived", "restored") or earlier is None:
        return ""
    if one["same_as"] is not None:
        return f"as revision {one['same_as']}"
    changes = [in_words(*each) for each in changes_between(earlier["recipe"], one["recipe"])]
    more = f", and {len(changes) - SHOWN} more" if len(changes) > SHOWN else ""
    return ", ".join(changes[:SHOWN]) + more


def _flat(data: Mapping[str, Any], within: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in data.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{within}{name}.")
        else:
            yield f"{within}{name}", value


def _plain(value: object) -> object:
    return None if value is ABSENT else value


def _shown(value: object) -> str:
    """A secret's reference says where it is kept; people are told that it is kept."""
    if isinstance(value, str):
        return "(a secret)" if value.startswith(SECRET) else value
    return json.dumps(value, ensure_ascii=False)


def path_of(recipe_id: str) -> str:
    """Where the API has the recipe of that id, whatever letters were typed."""
    return f"/api/recipes/{quote(recipe_id, safe='')}"


def _revisions(terminal: Terminal, recipe_id: str) -> list[Revision]:
    """From the running app, or out of the files."""
    try:
        client = terminal.client()
        found: list[Revision] = client.get(f"{path_of(recipe_id)}/revisions")["revisions"]
        return found
    except NotRunning:
        return _recorded(terminal, recipe_id)


def _recorded(terminal: Terminal, recipe_id: str) -> list[Revision]:
    with recorded_log(terminal.settings) as store, store.reading() as connection:

        def key_name(key_id: str) -> str | None:
            key = issued_key(connection, key_id)
            return key.name if key else None

        found = list(revisions(facts_of(store, recipe_id), key_name))
    if not found:
        raise NotFound(f"There is no recipe {recipe_id!r}", code="recipe_not_found")
    told: list[Revision] = msgspec.to_builtins(found[::-1])
    return told
