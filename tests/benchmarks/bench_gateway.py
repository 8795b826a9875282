"""What a request costs on its way through us, beside nginx, LiteLLM and nothing at all: one table.

    python -m tests.benchmarks.bench_gateway [--quick]

Engine and clients are C programs, so that neither is the limit. Contenders take turns in one run,
so that a busy machine is busy for all of them: read the ratios, and of those CPU first. Every
figure is the best of its rounds, the one that was least disturbed.
"""

import argparse
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import msgspec
from rich.console import Console
from rich.table import Table

from tests.benchmarks import contenders
from tests.benchmarks.contenders import LANE, MODEL, Contender
from tests.benchmarks.cpu import Meter, idle_share
from tests.benchmarks.programs import Load, Shape, load
from tests.harness import processes

STREAMS, RATE = 64, 50.0
SECOND_ROUND = 2  # streams are measured in every second round


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """One run of clients against one contender."""

    load: Load
    cpu_s: float

    @property
    def failed(self) -> int:
        """Requests that were not answered."""
        return self.load.all.sent - self.load.all.whole + self.load.all.unsent

    @property
    def cpu_us(self) -> float:
        """CPU µs a request."""
        return self.cpu_s / max(1, self.load.all.sent) * 1e6


class Score(msgspec.Struct, kw_only=True):
    """All rounds of one contender."""

    one: list[Round] = []
    many: list[Round] = []
    streams: list[Round] = []
    idle: float = 0.0  # of a core, while nothing is asked; it is in all its figures of CPU

    @property
    def failed(self) -> int:
        """Requests that were not answered, in all rounds."""
        return sum(one.failed for one in (*self.one, *self.many, *self.streams))

    @property
    def p50_us(self) -> float:
        """Of whole answers, one client."""
        return min(_of(one.load.latency_us, "p50") for one in self.one)

    @property
    def p99_us(self) -> float:
        """Of whole answers, one client."""
        return min(_of(one.load.latency_us, "p99") for one in self.one)

    @property
    def per_second(self) -> float:
        """Requests answered, sixteen clients."""
        return max(one.load.window.requests / one.load.window.seconds for one in self.many)

    @property
    def seconds_each(self) -> float:
        """Of a request, sixteen clients; without end where nothing was answered in time."""
        return 1 / self.per_second if self.per_second else float("inf")

    @property
    def cpu_one_us(self) -> float:
        """CPU a request, one client."""
        return min(one.cpu_us for one in self.one)

    @property
    def cpu_us(self) -> float:
        """CPU a request, sixteen clients."""
        return min(one.cpu_us for one in self.many)

    @property
    def tokens(self) -> float:
        """The share of offered tokens that came in time."""
        return max(one.load.window.tokens / one.load.window.offered for one in self.streams)

    @property
    def cpu_token_us(self) -> float:
        """CPU a streamed token."""
        return min(one.cpu_s / max(1, one.load.all.tokens) * 1e6 for one in self.streams)

    @property
    def ttft_ms(self) -> float:
        """To the first token, p50."""
        return min(_of(one.load.ttft_us, "p50") for one in self.streams) / 1000

    @property
    def gap_ms(self) -> float:
        """Between tokens, p99."""
        return min(_of(one.load.gap_us, "p99") for one in self.streams) / 1000


def _of(samples: object, name: str) -> float:
    return float(getattr(samples, name)) if samples is not None else float("inf")


# ---- the run ------------------------------------------------------------------------------------


@contextmanager
def everybody(folder: Path, say: Callable[[str], None]) -> Iterator[list[Contender]]:
    """All who can be had on this machine, ready; who is left out is said."""
    with ExitStack() as stack:
        alone = stack.enter_context(contenders.direct())
        found = [alone]
        front = stack.enter_context(contenders.nginx(folder / "nginx", alone.port))
        if front is None:
            say("nginx is not installed and left out (Debian: apt-get install nginx-light)")
        else:
            found.append(front)
        found += contenders.lanes(*stack.enter_context(contenders.studio(folder / "home")))
        for accounting in (False, True):
            name = folder / f"litellm-{accounting}"
            found.append(
                stack.enter_context(contenders.litellm(name, alone.port, accounting=accounting))
            )
        yield [one for one in found if takes_part(one, say)]


def takes_part(contender: Contender, say: Callable[[str], None]) -> bool:
    """Whether it answers, and by the lane that it stands for."""
    told = dict(header.split(": ", 1) for header in contender.headers)
    body = {"model": MODEL, "messages": [{"role": "user", "content": "@tokens=1"}]}
    url = f"http://127.0.0.1:{contender.port}/v1/chat/completions"
    answer = httpx.post(url, json=body, headers=told, timeout=60)
    if not answer.is_success:
        say(f"{contender.name} is left out: {answer.status_code} {answer.text[:200]}")
        return False
    wished, took = told.get(LANE), answer.headers.get(LANE, "gateway")
    if wished is not None and wished != took:
        say(f"{contender.name} is left out: the answer came by the lane {took}")
        return False
    return True


def measure(contender: Contender, shape: Shape) -> Round:
    """One turn of one contender."""
    meter = Meter(contender.processes)
    told = load(contender.port, shape, model=MODEL, headers=contender.headers)
    return Round(load=told, cpu_s=meter.seconds())


def run(found: Sequence[Contender], *, rounds: int, seconds: float) -> dict[str, Score]:
    """Everybody in turn, round by round."""
    one = Shape(seconds=seconds)
    many = Shape(clients=16, seconds=seconds)
    tokens = 100 if rounds == 1 else 200
    streams = Shape(
        clients=STREAMS, seconds=4 * seconds, warmup=tokens / RATE, rate=RATE, tokens=tokens
    )
    scores = {contender.name: Score() for contender in found}
    for contender in found:  # whoever compiles, imports or connects on first use does it now
        measure(contender, Shape(clients=16, seconds=0.5))
    for contender in found:
        scores[contender.name].idle = idle_share(contender.processes, 2 * seconds)
    for turn in range(rounds):
        for contender in found:
            scores[contender.name].one.append(measure(contender, one))
        for contender in found:
            scores[contender.name].many.append(measure(contender, many))
        if turn % SECOND_ROUND == 0:
            for contender in found:
                scores[contender.name].streams.append(measure(contender, streams))
    return scores


# ---- the tables ---------------------------------------------------------------------------------


def costs(scores: dict[str, Score], title: str) -> Table:
    """Everybody's figures."""
    table = _table(
        title,
        "c=1 p50 ms", "p99 ms", "CPU µs",
        "c=16 req/s", "CPU µs", "× nginx",
        "tokens", "TTFT p50 ms", "gap p99 ms", "CPU µs/token",
        "idle CPU", "failed",
    )  # fmt: skip
    front = scores.get("nginx")
    for name, score in scores.items():
        own = name != "direct"
        table.add_row(
            name,
            f"{score.p50_us / 1000:.3f}",
            f"{score.p99_us / 1000:.3f}",
            f"{score.cpu_one_us:,.0f}" if own else "",
            f"{score.per_second:,.0f}",
            f"{score.cpu_us:,.0f}" if own else "",
            f"{score.cpu_us / front.cpu_us:.1f}" if own and front else "",
            f"{score.tokens:.1%}",
            f"{score.ttft_ms:.1f}",
            f"{score.gap_ms:.1f}",
            f"{score.cpu_token_us:,.0f}" if own else "",
            f"{score.idle:.1%}" if own else "",
            str(score.failed),
        )
    return table


def targets(scores: dict[str, Score]) -> Table:
    """What is promised, beside what was measured."""
    table = _table("What is promised", "measured", "target", "")
    alone, front = scores["direct"], scores.get("nginx")
    bare, ours = scores.get("litellm"), scores.get("lane direct")
    gateway = scores.get("lane gateway")
    if ours is not None:
        if front is not None:
            _at_most(table, "direct lane: CPU ÷ nginx", ours.cpu_us / front.cpu_us, 6)
        if bare is not None:
            _at_most(table, "direct lane: CPU ÷ LiteLLM", ours.cpu_us / bare.cpu_us, 1 / 20)
        added = (ours.p50_us - alone.p50_us) / 1000
        _at_most(table, "direct lane: p50 added at c=1, ms", added, 0.3)
        _at_most(table, "direct lane: offered tokens missed, %", 100 * (1 - ours.tokens), 3)
        _at_most(table, "direct lane: gap p99 − direct, ms", ours.gap_ms - alone.gap_ms, 10)
    if gateway is not None and bare is not None:
        for name, of in GATEWAY.items():
            _at_most(table, f"gateway lane: {name} ÷ LiteLLM", of(gateway) / of(bare), 1.10)
    return table


GATEWAY: dict[str, Callable[[Score], float]] = {
    "p50 at c=1": lambda score: score.p50_us,
    "seconds a request at c=16": lambda score: score.seconds_each,
    "CPU at c=1": lambda score: score.cpu_one_us,
    "CPU at c=16": lambda score: score.cpu_us,
    "CPU a token": lambda score: score.cpu_token_us,
}


def _at_most(table: Table, what: str, measured: float, target: float) -> None:
    verdict = "yes" if measured <= target else "NO"
    table.add_row(what, f"{measured:.3f}", f"≤ {target:.3g}", verdict)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("")
    for column in columns:
        table.add_column(column, justify="right")
    return table


def main() -> None:
    """Run all of it and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one short round")
    quick = parser.parse_known_args()[0].quick
    rounds, seconds = (1, 1.0) if quick else (4, 2.5)
    processes.become_reaper()
    console = Console(width=160)
    before = os.getloadavg()[0]
    with (
        tempfile.TemporaryDirectory(prefix="bench-gateway-") as name,
        everybody(Path(name), console.print) as found,
    ):
        scores = run(found, rounds=rounds, seconds=seconds)
    title = (
        f"Best of {rounds} rounds; {os.cpu_count()} cores, load before {before:.1f}, "
        f"after {os.getloadavg()[0]:.1f}; streams: {STREAMS} × {RATE:g} tokens/s"
    )
    console.print(costs(scores, title))
    console.print(targets(scores))


if __name__ == "__main__":
    main()
