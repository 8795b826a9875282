"""Telling what happens while the app carries out a wish.

The answer to the request is the outcome; the facts that are recorded meanwhile are the progress.
They are read in a thread of their own, so that a lost event stream never hides the outcome.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec

from core.errors import StudioError
from desktop.cli.progress import Progress
from desktop.client import Client

Fact = Mapping[str, Any]


def head(client: Client) -> int:
    """The position of the newest event: what comes after it is news."""
    position: int = client.get("/api/status")["position"]
    return position


def facts_after(client: Client, after: int) -> Iterator[Fact]:
    """Facts after a position, then as they happen; comes back by itself after a `resync`.

    Ends when the app closes the stream, raises NotRunning when it vanishes.
    """
    resync = True
    while resync:
        resync = False
        with client.stream("/api/events", after=after) as stream:
            for event in stream:
                if event.event == "resync":
                    resync = True
                    break
                if event.event == "fact":
                    fact = msgspec.json.decode(event.data)
                    after = fact["position"]
                    yield fact


@contextmanager
def told_meanwhile(client: Client, tell: Callable[[Fact], None]) -> Iterator[None]:
    """While the block runs, `tell` gets each new fact. Raises NotRunning when there is no app."""
    before = head(client)
    over = threading.Event()

    def listen() -> None:
        try:
            for fact in facts_after(client, before):
                if over.is_set():
                    return
                tell(fact)
        except StudioError:
            return  # only progress is lost; the request itself says how it went

    threading.Thread(target=listen, name="facts", daemon=True).start()
    try:
        yield
    finally:
        over.set()


def as_progress(progress: Progress, *names: str) -> Callable[[Fact], None]:
    """Shows the facts about these recipes or kinds of runtime, and the steps of the change."""

    def tell(fact: Fact) -> None:
        data = fact["data"]
        about = str(data.get("recipe_id") or data.get("runtime_id") or "")
        if about and names and not any(about == n or about.startswith(f"{n}-") for n in names):
            return
        match fact["type"]:
            case "engine-progressed":
                whole = data.get("overall")
                progress.update(data["phase"], data.get("percent") if whole is None else whole)
            case "runtime-install-progressed":
                progress.update(f"{data['runtime_id']}: {data['phase']}", data.get("percent"))
            case kind if kind.startswith(("engine-", "switch-", "runtime-", "gateway-")):
                progress.update(fact["sentence"])

    return tell
