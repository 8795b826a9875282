"""A load held for ten minutes, with clients that leave: what is left of it when it has gone?

    python -m tests.benchmarks.bench_hold [--minutes 10] [--lane direct|gateway] [--rate N]

A real `vllm-studio serve` between 256 paced streams and upstream.c. Exits with 1 when a request is
missing or written twice, a task or a socket stays, or the studio's own memory grows (holding.py
tells what counts). LiteLLM's memory is told and not judged.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.benchmarks import contenders
from tests.benchmarks.holding import Held, hold
from tests.benchmarks.programs import Shape
from tests.harness import processes

STREAMS, LEAVE = 256, 0.1
PACES = {"direct": (20.0, 60), "gateway": (2.0, 40)}  # tokens a second, tokens; one core does it
GROWTH_MIB = 8.0  # in ten minutes on the direct lane: 150 bytes a request


def table(held: Held, lane: str) -> Table:
    """What was seen."""
    told, books = held.load.all, held.books
    title = (
        f"Lane {lane}: {STREAMS} streams × {held.shape.rate:g} tokens/s for "
        f"{held.shape.seconds / 60:.1f} min, load {os.getloadavg()[0]:.1f}"
    )
    shown = Table(title=title, title_justify="left")
    for column in ("", "clients", "engine", "studio"):
        shown.add_column(column, justify="left" if not column else "right")
    outcomes = books.outcomes
    rows: list[tuple[str, object, object, object]] = [
        ("requests", told.sent, books.reached, f"{books.written} written"),
        ("whole", told.whole, books.whole, f"{outcomes.get('ok', 0)} ok"),
        ("left", told.left, f"{books.cut} cut", f"{outcomes.get('client_gone', 0)} client_gone"),
        ("refused, broken", told.refused + told.broken, "", _others(outcomes)),
        ("tokens", told.tokens, "", f"{books.tokens} of whole answers"),
        ("tokens in time", f"{held.load.window.tokens / held.load.window.offered:.1%}", "", ""),
        ("tasks before, after", "", "", f"{held.before.tasks}, {held.after.tasks}"),
        ("files before, most, after", "", "", _files(held)),
        ("RSS before, after, MiB", "", "", _both(held, "rss_mib")),
        ("of its own", "", "", _both(held, "own_mib")),
        ("of that SQLite's pages, at most", "", "", _both(held, "pages_mib")),
        ("own, grown under load, MiB", "", "", f"{held.grown_mib:+.1f}"),
        ("own, grown, bytes a request", "", "", f"{held.grown_per_request:+.0f}"),
        ("LiteLLM before, after, MiB", "", "", _both(held, "litellm_mib")),
        ("LiteLLM grown under load, MiB", "", "", f"{held.litellm_grown_mib:+.1f}"),
    ]
    for row in rows:
        shown.add_row(*(str(cell) for cell in row))
    return shown


def _others(outcomes: dict[str, int]) -> str:
    others = {name: n for name, n in outcomes.items() if name not in ("ok", "client_gone")}
    return ", ".join(f"{n} {name}" for name, n in others.items()) or "0"


def _files(held: Held) -> str:
    most = max((one.files for one in held.during), default=0)
    return f"{held.before.files}, {most}, {held.after.files}"


def _both(held: Held, name: str) -> str:
    return f"{getattr(held.before, name):.1f}, {getattr(held.after, name):.1f}"


def main() -> None:
    """Hold it, print, and judge."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--lane", choices=sorted(PACES), default="direct")
    parser.add_argument("--rate", type=float, help="tokens a second and stream, for slow machines")
    parser.add_argument("--quick", action="store_true", help="twenty seconds")
    wish = parser.parse_known_args()[0]
    rate, tokens = PACES[wish.lane]
    rate = wish.rate or rate
    shape = Shape(
        clients=STREAMS,
        seconds=20.0 if wish.quick else wish.minutes * 60,
        warmup=tokens / rate,
        rate=rate,
        tokens=tokens,
        leave=LEAVE,
    )
    processes.become_reaper()
    console = Console(width=120)
    with (
        tempfile.TemporaryDirectory(prefix="bench-hold-") as folder,
        contenders.studio(Path(folder) / "home") as (server, key),
    ):
        engine = server.engines()[contenders.MODEL]["port"]
        direct, gateway = contenders.lanes(server, key)
        lane = direct if wish.lane == "direct" else gateway
        held = hold(server, engine, lane, shape, fill=direct)
    console.print(table(held, wish.lane))
    wrong = held.broken_promises(growth_mib=GROWTH_MIB, buffered=wish.lane != "direct")
    for sentence in wrong:
        console.print(f"NOT KEPT  {sentence}")
    if wrong:
        sys.exit(1)


if __name__ == "__main__":
    main()
