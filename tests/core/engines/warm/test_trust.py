"""A spare is not used again right after a warm start that ended with an error."""

from pathlib import Path
from typing import Any

import pytest

from core.engines.warm import Start, WarmLauncher
from core.engines.warm.programs import Program

PROGRAM = Program(entry="small_engine", server=("heavy",), children=())
ARGV = ["/runtime/bin/python", "-m", "small_engine", "--port", "1"]


class Child:
    """A process that runs until the test says how it ended."""

    def __init__(self, how: str) -> None:
        self.how = how
        self.code: int | None = None

    def alive(self) -> bool:
        """Until the test ends it."""
        return self.code is None

    async def wait(self) -> int | None:
        """How it ended."""
        return self.code


class Spares:
    """There is always one, until it is given up."""

    def __init__(self) -> None:
        self.given_up: list[str] = []

    def take(self, _start: Start) -> Any:
        """Another one."""
        return None if self.given_up else self

    async def become(self, *_: Any, **__: Any) -> Child:
        """It goes on as the engine."""
        return Child("warm")

    def give_up(self, _start: Start, why: str) -> None:
        """No more of them."""
        self.given_up.append(why)


class Cold:
    """The system's own way."""

    async def launch(self, *_: Any, **__: Any) -> Child:
        """A process from scratch."""
        return Child("cold")


class Bench:
    """A launcher over both."""

    def __init__(self) -> None:
        self.spares = Spares()
        self.launcher = WarmLauncher(Cold(), self.spares, programs=[PROGRAM])  # type: ignore[arg-type]

    async def start(self) -> Any:
        """Once more."""
        return await self.launcher.launch(
            ARGV, env={"LANG": "C"}, cwd=Path("/"), log_path=Path("/log"), nonce="n"
        )


@pytest.mark.parametrize("code", [0, -15, -9])
async def test_an_end_that_was_asked_for_says_nothing_against_spares(code: int) -> None:
    """Stopped as asked, or killed: the next start is warm again."""
    bench = Bench()
    (await bench.start()).code = code
    assert (await bench.start()).how == "warm"


async def test_after_an_error_the_next_start_is_cold_and_the_one_after_it_warm_again() -> None:
    """If the cold one fails too, it was never the spare's fault."""
    bench = Bench()
    (await bench.start()).code = 1
    assert [(await bench.start()).how for _ in range(2)] == ["cold", "warm"]
    assert bench.spares.given_up == []


async def test_a_second_error_is_the_last() -> None:
    """From then on every start is cold."""
    bench = Bench()
    (await bench.start()).code = 1
    await bench.start()
    (await bench.start()).code = 1
    assert [(await bench.start()).how for _ in range(3)] == ["cold"] * 3
    assert bench.spares.given_up
