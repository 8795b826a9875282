"""`recipes fit`: whether a recipe fits, and what would."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import click

from desktop.cli.terminal import StudioCommand, Terminal, pass_terminal
from desktop.cli.words import columns, size

_KINDS = {"kv_cache": "KV cache", "graphs": "CUDA graphs", "offload": "offloaded weights"}


@click.command(cls=StudioCommand)
@click.argument("recipe_id")
@pass_terminal
def fit(terminal: Terminal, recipe_id: str) -> None:
    """Tell what RECIPE_ID takes of each GPU and of main memory, and whether that fits.

    Nothing is launched. When it does not fit, each remedy is a change that would.
    """
    answer = terminal.client().get(f"/api/recipes/{quote(recipe_id, safe='')}/fit")
    terminal.answer(answer, lambda: in_words(answer))


def in_words(answer: Mapping[str, Any]) -> str:
    """The verdict, the devices with their parts, and the remedies."""
    lines = [answer["sentence"]]
    if answer["devices"]:
        lines += ["", columns(("", "takes", "needs", "of", "holds"), _rows(answer["devices"]))]
        lines += ["", _source(answer)]
    if answer["remedies"]:
        lines += ["", "What would fit:"]
        lines += [f"  {remedy['sentence']}" for remedy in answer["remedies"]]
        lines += ["", f"Change it: {_command(answer)}"]
    return "\n".join(lines)


def _rows(devices: list[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    return [
        (
            device["label"],
            size(device["takes"]),
            size(device["needs"]),
            size(device["total"]),
            ", ".join(_part(one) for one in device["segments"] if one["bytes"]),
        )
        for device in devices
    ]


def _part(segment: Mapping[str, Any]) -> str:
    kind = segment["kind"]
    return f"{_KINDS.get(kind, kind)} {size(segment['bytes'])}"


def _source(answer: Mapping[str, Any]) -> str:
    numbers = answer["numbers"]
    told = "Measured when it last ran" if answer["source"] == "measured" else "Estimated"
    if numbers is None:
        return f"{told}."
    return (
        f"{told} for {numbers['engine']} with {numbers['context_length']} tokens of context; "
        f"one request of that length takes {size(numbers['kv_request'])} of KV cache."
    )


def _command(answer: Mapping[str, Any]) -> str:
    patch = answer["remedies"][0]["patch"]
    words = " ".join(f"--set {name}={_value(value)}" for name, value in patch.items())
    return f"`vllm-studio recipes edit {answer['recipe_id']} {words}`"


def _value(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
