"""`virtual` and `providers`: what may be asked for beside recipes."""

import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

import click
import msgspec

from core.offers.provider import KINDS
from core.offers.virtual import POLICIES
from desktop.cli.terminal import StudioGroup, Terminal, pass_terminal
from desktop.cli.words import columns
from desktop.problems import AppRefused

# ---- virtual models ----------------------------------------------------------------------------


@click.group(cls=StudioGroup)
def virtual() -> None:
    """List, save and remove virtual models: one name that stands for several."""


@virtual.command("list")
@pass_terminal
def list_virtual(terminal: Terminal) -> None:
    """Every virtual model, and what would answer for it now."""
    answer = terminal.client().get("/api/virtual-models")
    terminal.answer(answer, lambda: _virtual_in_words(answer["virtual_models"]))


@virtual.command("save")
@click.argument("name")
@click.argument("members", nargs=-1, required=True)
@click.option("--policy", type=click.Choice(POLICIES), default=POLICIES[0], show_default=True)
@click.option("--places", type=int, help="Requests at once by which a member counts as full.")
@click.option("--fallback", "fallbacks", multiple=True, help="Asked when the members fail.")
@click.option(
    "--set", "parameters", multiple=True, metavar="NAME=VALUE", help="Put into its requests."
)
@click.option("--unlisted", is_flag=True, help="Served when named, but in no list of models.")
@pass_terminal
def save_virtual(
    terminal: Terminal,
    /,
    name: str,
    members: tuple[str, ...],
    parameters: tuple[str, ...],
    **fields: object,
) -> None:
    """Let NAME stand for MEMBERS, in this order."""
    wish = {"name": name, "members": members, "parameters": dict(map(parameter_of, parameters))}
    answer = terminal.client().post("/api/virtual-models", wish | fields)
    _warn(terminal, answer["problems"])
    stands_for = ", ".join(answer["model"]["members"])
    terminal.answer(answer, f"{name} stands for {stands_for}.")


@virtual.command("remove")
@click.argument("name")
@pass_terminal
def remove_virtual(terminal: Terminal, name: str) -> None:
    """Offer NAME no more."""
    terminal.client().delete(f"/api/virtual-models/{quote(name)}")
    terminal.answer({"removed": name}, f"{name} was removed.")


def parameter_of(text: str) -> tuple[str, object]:
    """`temperature=0.2`: a value that is JSON is taken as such, any other as text."""
    name, equals, value = text.partition("=")
    if not equals:
        raise click.UsageError(f"--set wants NAME=VALUE, such as temperature=0.2, not {text!r}")
    try:
        return name, msgspec.json.decode(value)
    except msgspec.DecodeError:
        return name, value


def _virtual_in_words(views: Iterable[Mapping[str, Any]]) -> str:
    rows = [
        (
            view["model"]["name"],
            view["model"]["policy"],
            ", ".join(view["model"]["members"]),
            view["now"][0] if view["now"] else "nobody",
        )
        for view in views
    ]
    if not rows:
        return "There is no virtual model."
    return columns(("name", "policy", "members", "now"), rows)


# ---- providers ---------------------------------------------------------------------------------


@click.group(cls=StudioGroup)
def providers() -> None:
    """List, add and remove remote providers: requests for their models leave this machine."""


@providers.command("list")
@pass_terminal
def list_providers(terminal: Terminal) -> None:
    """Every provider and its models."""
    answer = terminal.client().get("/api/providers")
    terminal.answer(answer, lambda: _providers_in_words(answer["providers"]))


@providers.command("add")
@click.argument("provider_id", metavar="ID")
@click.option("--kind", type=click.Choice(tuple(KINDS)), help="Known from ID where it is one.")
@click.option("--api-base", help="Where it is, such as http://host:8000/v1.")
@click.option(
    "--model",
    "models",
    multiple=True,
    metavar="MODEL[=NAME][@IN/OUT]",
    help="One of its models; the name it is asked for by here; the price of a million tokens.",
)
@click.option("--key-stdin", is_flag=True, help="Read the API key from standard input.")
@pass_terminal
def add_provider(
    terminal: Terminal,
    provider_id: str,
    kind: str | None,
    api_base: str | None,
    models: tuple[str, ...],
    key_stdin: bool,
) -> None:
    """Let requests go to the provider ID, or change what is saved of it.

    The API key is asked for, or read from standard input; it never stands on a command line.
    What is left out stays as it is.
    """
    client = terminal.client()
    saved = client.get("/api/providers")["providers"]
    before: dict[str, Any] = next((one for one in saved if one["id"] == provider_id), {})
    kind = kind or before.get("kind") or (provider_id if provider_id in KINDS else None)
    if kind is None:
        raise click.UsageError(f"--kind is missing; it is one of {', '.join(KINDS)}")
    wish = {
        "id": provider_id,
        "kind": kind,
        "api_base": api_base or before.get("api_base"),
        "models": [model_of(text) for text in models] or before.get("models", []),
    }
    if key := _given_key(terminal, provider_id, asked=key_stdin, has_key=before.get("has_key")):
        wish["api_key"] = key
    try:
        answer = client.post("/api/providers", wish)
    except AppRefused as refusal:
        if refusal.next_action or refusal.problem.get("field") != "api_key":
            raise
        how = "type it where this command asks for it, or pipe it in: --key-stdin < FILE"
        raise AppRefused(refusal.status, {**refusal.problem, "next_action": how}) from refusal
    _warn(terminal, answer["problems"])
    terminal.answer(answer, f"{provider_id} may be asked for: {', '.join(answer['names'])}.")


@providers.command("remove")
@click.argument("provider_id", metavar="ID")
@pass_terminal
def remove_provider(terminal: Terminal, provider_id: str) -> None:
    """Ask the provider ID no more, and forget its API key."""
    terminal.client().delete(f"/api/providers/{quote(provider_id, safe='')}")
    terminal.answer({"removed": provider_id}, f"{provider_id} was removed, and its key forgotten.")


def model_of(text: str) -> dict[str, Any]:
    """`gpt-5=big@1.25/10` as the API takes it."""
    found = re.fullmatch(r"([^=]+?)(?:=([^@]+))?(?:@(\d+\.?\d*)/(\d+\.?\d*))?", text)
    if found is None or re.search(r"@[\d./]*$", found[2] or found[1]):
        raise click.UsageError(f"--model wants MODEL[=NAME][@IN/OUT], not {text!r}")
    model: dict[str, Any] = {"model": found[1], "name": found[2] or ""}
    if found[3]:
        price = {"input_per_million": float(found[3]), "output_per_million": float(found[4])}
        model["price"] = price
    return model


def _given_key(
    terminal: Terminal, provider_id: str, *, asked: bool, has_key: bool | None
) -> str | None:
    """From standard input, or from the person; None: it keeps what it has."""
    if asked:
        return sys.stdin.readline().strip()
    if not terminal.interactive:
        return None
    kept = " (empty: keep the one it has)" if has_key else ""
    text: str = click.prompt(
        f"API key of {provider_id}{kept}", hide_input=True, default="", show_default=False, err=True
    )
    return text.strip() or None


def _providers_in_words(providers: Iterable[Mapping[str, Any]]) -> str:
    rows = [
        (
            provider["id"],
            provider["kind"],
            provider["api_base"] or "its own address",
            "kept" if provider["has_key"] else "none",
            ", ".join(provider["names"]),
        )
        for provider in providers
    ]
    if not rows:
        return "No provider was added: no request leaves this machine."
    return columns(("id", "kind", "address", "key", "models"), rows)


def _warn(terminal: Terminal, problems: Iterable[Mapping[str, Any]]) -> None:
    for problem in problems:
        terminal.aside(f"{problem['message']}.")
