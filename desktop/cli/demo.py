"""`demo`: install the lightest engine, load the demo model, ask it something, say how it went."""

import signal
import time

import click

from desktop.cli.changing import watched
from desktop.cli.following import as_progress, told_meanwhile
from desktop.cli.progress import progress
from desktop.cli.terminal import StudioCommand, Terminal, pass_terminal
from desktop.client import Client
from desktop.demo import QUESTION, RECIPE, Answer, chat, set_up
from desktop.home import make_home
from desktop.problems import NotRunning
from desktop.single_instance import SingleInstance, first_or_running


@click.command(cls=StudioCommand)
@click.option("--once", is_flag=True, help="Stop what was started and leave after the answer.")
@click.option("--question", default=QUESTION, show_default=True, help="What to ask.")
@pass_terminal
def demo(terminal: Terminal, once: bool, question: str) -> None:
    """From nothing to a real answer, in one command."""
    if client := terminal.client_if_running():
        try:
            _show(terminal, client, question)
            return
        except NotRunning:
            terminal.aside("The app that was running is gone; starting it here.")
    _start_and_show(terminal, question, once=once)


def _start_and_show(terminal: Terminal, question: str, *, once: bool) -> None:
    """The app in this process: it ends with the command."""
    terminal.aside("Starting vLLM Studio.")
    from core.own_log import kept  # the app itself: a second of imports
    from desktop.app import endings, keep_running
    from desktop.host import Host
    from desktop.surroundings import look_around

    lock = _lock(terminal)
    around = look_around()
    # Until the answer is there, what ends the app interrupts the demo; leaving the block stops
    # what it started. Afterwards it ends the app like everywhere else.
    for ends in endings():
        signal.signal(ends, signal.default_int_handler)
    headless = once or not around.tray_host
    with kept(terminal.settings), Host(terminal.settings, lock, headless=headless) as host:
        host.start()
        client = terminal.client()
        terminal.say(f"vLLM Studio is at {client.url}")
        _show(terminal, client, question)
        if once:
            terminal.aside("Stopping what was started.")
            host.stop(reason="the demo is over")
            return
        terminal.say(f"vLLM Studio keeps running at {client.url} (Ctrl-C ends it).")
        keep_running(host, around, terminal.aside, background=False)


def _lock(terminal: Terminal) -> SingleInstance:
    make_home(terminal.settings)
    lock = first_or_running(terminal.settings.paths.run)
    if not isinstance(lock, SingleInstance):
        raise NotRunning("another vLLM Studio is just starting; try again in a moment")
    return lock


def _show(terminal: Terminal, client: Client, question: str) -> None:
    began = time.monotonic()
    with progress(terminal, "demo") as shown, told_meanwhile(client, as_progress(shown)):
        set_up(client)
    watched(terminal, client, "switch", RECIPE)
    ready_s = time.monotonic() - began
    terminal.say(f"\n› {question}\n")
    answer = chat(client, RECIPE, question, terminal.piece)
    terminal.say("\n")
    _sum_up(terminal, client, answer, ready_s)


def _sum_up(terminal: Terminal, client: Client, answer: Answer, ready_s: float) -> None:
    engine = _engine(client)
    rate = f"{answer.tokens / answer.seconds:.0f} tokens/s" if answer.tokens else "no token count"
    first = f"{answer.first_token_s:.2f} s" if answer.first_token_s is not None else "never"
    summary = {
        "ready_seconds": round(ready_s, 2),
        "answer": answer.text,
        "tokens": answer.tokens,
        "seconds": round(answer.seconds, 2),
        "first_token_seconds": answer.first_token_s,
        "engine": engine,
        "url": client.url,
        "endpoint": f"{client.url}v1",
    }
    terminal.answer(
        summary,
        "\n".join(
            (
                f"ready     after {ready_s:.1f} s",
                f"answer    {answer.tokens or '?'} tokens, {rate}, first after {first}",
                f"engine    {engine}",
                f"window    {client.url}",
                f"endpoint  {client.url}v1  (model: {RECIPE})",
                "story     vllm-studio events",
            )
        ),
    )


def _engine(client: Client) -> str:
    engines = client.get("/api/engines")["engines"]
    for engine in engines:
        if engine["recipe_id"] == RECIPE and engine["state"] == "ready":
            return f"{engine['runtime'] or engine['kind']} as process {engine['pid']}"
    return "unknown"
