"""`recipes`: saved launch configurations."""

from pathlib import Path
from typing import Any, TextIO

import click
import msgspec

from core.engines.node_command import node_command
from core.errors import NotFound
from core.recipes.exchange import dump, load
from core.recipes.recipe import Recipe
from core.recipes.validation import parse_recipe
from desktop.cli.editing import FORMATS, changed, edited, format_of
from desktop.cli.fit import fit
from desktop.cli.recipe_history import history, path_of, restore
from desktop.cli.recorded import recorded_recipes
from desktop.cli.terminal import StudioGroup, Terminal, pass_terminal
from desktop.cli.words import columns, day_and_time
from desktop.problems import NotRunning

Entry = dict[str, Any]  # {"recipe", "revision", "archived", "updated_at", "updated_by"}

set_option = click.option(
    "--set", "fields", multiple=True, metavar="FIELD=VALUE", help="Set a field; may be repeated."
)


@click.group(cls=StudioGroup)
def recipes() -> None:
    """List, show, add, change and exchange recipes."""


for command in (fit, history, restore):
    recipes.add_command(command)


# -- reading: also when vLLM Studio is not running -------------------------------------------------


@recipes.command("list")
@click.option("--archived", is_flag=True, help="The archived ones instead.")
@pass_terminal
def list_recipes(terminal: Terminal, archived: bool) -> None:
    """Every saved recipe."""
    entries = _entries(terminal, archived=archived)
    rows = [
        (
            e["recipe"]["id"],
            e["recipe"].get("engine", "vllm"),
            e["recipe"].get("model") or " ".join(e["recipe"].get("command", ())),
            str(e["revision"]),
            f"{day_and_time(e['updated_at'])} by {e['updated_by']}",
            "archived" if e["archived"] else "",
        )
        for e in entries
    ]
    terminal.answer(
        {"recipes": entries},
        lambda: (
            columns(("recipe", "engine", "model", "revision", "changed", ""), rows)
            if rows
            else "No recipe yet."
        ),
    )


@recipes.command()
@click.argument("recipe_id")
@click.option("--format", "as_format", type=click.Choice(FORMATS), default="toml")
@pass_terminal
def show(terminal: Terminal, recipe_id: str, as_format: str) -> None:
    """One recipe, every field that is set."""
    entry = _entry(terminal, recipe_id)
    terminal.answer(entry, lambda: dump([parse_recipe(entry["recipe"])], as_format).rstrip())


@recipes.command("export")
@click.argument("recipe_ids", nargs=-1)
@click.option("--format", "as_format", type=click.Choice(FORMATS), help="Default: by file name.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write to a file.")
@pass_terminal
def export_recipes(
    terminal: Terminal, recipe_ids: tuple[str, ...], as_format: str | None, output: Path | None
) -> None:
    """Write all recipes, or the named ones, for another machine."""
    chosen = _chosen(_entries(terminal), recipe_ids)
    text = dump([parse_recipe(e["recipe"]) for e in chosen], as_format or format_of(output))
    if output:
        output.write_text(text, encoding="utf-8")
        terminal.answer(
            {"file": str(output), "recipes": len(chosen)}, f"{len(chosen)} recipe(s) → {output}"
        )
        return
    terminal.answer({"recipes": [e["recipe"] for e in chosen]}, text.rstrip())


@recipes.command("node-command")
@click.argument("recipe_id")
@click.option("--rank", type=int, default=1, show_default=True, help="Which machine; 0 is here.")
@pass_terminal
def print_node_command(terminal: Terminal, recipe_id: str, rank: int) -> None:
    """What to run on another machine of a recipe that is spread over several."""
    command = node_command(parse_recipe(_entry(terminal, recipe_id)["recipe"]), rank)
    for note in command.notes:
        terminal.aside(note)
    terminal.answer({"rank": rank, "command": command.text, "notes": command.notes}, command.text)


def _entries(terminal: Terminal, *, archived: bool = False) -> list[Entry]:
    try:
        query = "true" if archived else "false"
        found: list[Entry] = terminal.client().get("/api/recipes", archived=query)["recipes"]
    except NotRunning:
        return recorded_recipes(terminal.settings, archived=archived)
    return found


def _entry(terminal: Terminal, recipe_id: str) -> Entry:
    current = _entries(terminal)
    if not any(entry["recipe"]["id"] == recipe_id for entry in current):
        current += _entries(terminal, archived=True)
    return _chosen(current, (recipe_id,))[0]


def _chosen(entries: list[Entry], ids: tuple[str, ...]) -> list[Entry]:
    by_id = {entry["recipe"]["id"]: entry for entry in entries}
    for missing in (i for i in ids if i not in by_id):
        raise NotFound(
            f"there is no recipe {missing!r}",
            code="recipe_not_found",
            next_action=f"known recipes: {', '.join(sorted(by_id)) or 'none yet'}",
        )
    return [by_id[i] for i in ids] if ids else entries


# -- writing: the running app decides ------------------------------------------------------------


@recipes.command()
@click.argument("recipe_id", required=False)
@click.option("--model", help="A folder, or a hub id such as Qwen/Qwen3-8B.")
@click.option("--engine", type=click.Choice(["vllm", "sglang", "transformers", "command"]))
@set_option
@click.option("--file", "source", type=click.File(encoding="utf-8"), help="Read it from a file.")
@pass_terminal
def add(
    terminal: Terminal,
    recipe_id: str | None,
    model: str | None,
    engine: str | None,
    fields: tuple[str, ...],
    source: TextIO | None,
) -> None:
    """Save a new recipe, from options or from a file with one recipe.

    \b
    vllm-studio recipes add qwen --model Qwen/Qwen3-8B --set context_length=32768
    """
    client = terminal.client()
    data: dict[str, Any] = {}
    if source is not None:
        data = _single(load(source.read(), format_of(Path(source.name))))
    given = {"id": recipe_id, "model": model, "engine": engine}
    data |= {name: value for name, value in given.items() if value is not None}
    if not data.get("id"):
        raise click.UsageError("name the recipe: `recipes add ID …`, or give a --file")
    saved = client.post("/api/recipes", changed(data, fields))
    terminal.answer(saved, f"{data['id']} is saved. Try it: `vllm-studio switch {data['id']}`")


@recipes.command()
@click.argument("recipe_id")
@set_option
@click.option("--unset", multiple=True, metavar="FIELD", help="Back to the engine's own default.")
@pass_terminal
def edit(
    terminal: Terminal, recipe_id: str, fields: tuple[str, ...], unset: tuple[str, ...]
) -> None:
    """Change fields; without --set and --unset, in your editor."""
    client = terminal.client()
    data = client.get(path_of(recipe_id))["recipe"]
    if fields or unset:
        new = changed(data, fields, unset)
    else:
        text = edited(dump([parse_recipe(data)], "toml"))
        new = data if text is None else _single(load(text, "toml"))
    if new == data:
        terminal.answer({"recipe": data, "changed": False}, "Nothing was changed.")
        return
    saved = client.put(path_of(recipe_id), new)
    terminal.answer(saved, f"{recipe_id} is changed.")


@recipes.command()
@click.argument("recipe_id")
@pass_terminal
def remove(terminal: Terminal, recipe_id: str) -> None:
    """Archive a recipe; `restore` brings it back."""
    answer = terminal.client().delete(path_of(recipe_id))
    terminal.answer(
        answer or {"id": recipe_id, "archived": True},
        f"{recipe_id} is archived. Back again: `vllm-studio recipes restore {recipe_id}`",
    )


@recipes.command()
@click.argument("source_id")
@click.argument("new_id")
@pass_terminal
def clone(terminal: Terminal, source_id: str, new_id: str) -> None:
    """Copy SOURCE_ID to the new recipe NEW_ID."""
    saved = terminal.client().post(f"{path_of(source_id)}/clone", {"id": new_id})
    terminal.answer(saved, f"{new_id} is a copy of {source_id}.")


@recipes.command("import")
@click.argument("source", type=click.File(encoding="utf-8"))
@click.option("--format", "as_format", type=click.Choice(FORMATS), help="Default: by file name.")
@pass_terminal
def import_recipes(terminal: Terminal, source: TextIO, as_format: str | None) -> None:
    """Save the recipes of a TOML, YAML or JSON file (`-`: standard input)."""
    body = {"format": as_format or format_of(Path(source.name)), "text": source.read()}
    answer = terminal.client().post("/api/recipes/import", body)
    terminal.answer(answer, f"Imported from {source.name}.")


def _single(found: list[Recipe]) -> dict[str, Any]:
    if len(found) != 1:
        raise click.UsageError(f"the file holds {len(found)} recipes; use `recipes import`")
    data: dict[str, Any] = msgspec.to_builtins(found[0])
    return data
