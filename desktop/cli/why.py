"""`why`: what led to an event, a model's last coming or going or from a request, and its thread."""

from collections.abc import Iterable, Mapping
from typing import Any

import click

from desktop.cli import past
from desktop.cli.events import in_words
from desktop.cli.terminal import StudioCommand, Terminal, pass_terminal


@click.command(cls=StudioCommand)
@click.argument("about", required=False, metavar="[MODEL|EVENT|REQUEST]")
@click.option("--at", default="now", metavar="MOMENT", help="The last time at or before it.")
@click.option("--consequences", is_flag=True, help="What came of an event instead.")
@pass_terminal
def why(terminal: Terminal, about: str | None, at: str, consequences: bool) -> None:
    """Say why a model came or went, what led to an event, or what a request led to.

    \b
      vllm-studio why qwen --at 14:02    why was it evicted then?
      vllm-studio why 4711               what led to event 4711?
      vllm-studio why 0193a1b2-…         what came of that request, and how did it end?
      vllm-studio why                    the last change of any model
    A time that shows only minutes means all of that minute.
    """
    if consequences:
        if about is None or not (about.isascii() and about.isdigit()):
            raise click.UsageError("--consequences needs an event's number, such as 4711")
        found = past.consequences(terminal, int(about))
        terminal.answer(found, lambda: "\n".join(_consequences(found)))
        return
    told = past.why(terminal, about, at)
    terminal.answer(told, lambda: "\n".join(_thread(told)))


def _thread(told: Mapping[str, Any]) -> Iterable[str]:
    yield told["answer"]
    if told["thread"]:
        yield ""
    yield from map(in_words, told["thread"])
    if request := told["request"]:
        yield ""
        yield (
            f"The request {request['request_id']} to {request['model']} ended:"
            f" {request['outcome']} ({request['status']})."
        )
    elif running := told["running"]:
        yield ""
        yield f"The request {running['request_id']} to {running['model']} has not ended yet."


def _consequences(found: Mapping[str, Any]) -> Iterable[str]:
    if not found["entries"]:
        yield f"Nothing came of event #{found['position']}."
    yield from map(in_words, found["entries"])
    if not found["complete"]:
        yield "… and more, which is not shown."
