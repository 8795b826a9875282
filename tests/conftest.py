"""What every test may ask for, and the promises every test keeps.

1. No test leaves a process behind.
2. No test touches the user's own data: homes are temporary.
3. In CI no test with real parts is skipped: what is missing there is a failure.
4. Ctrl-C and SIGTERM leave nothing running, in one process or with workers (`-n`).
5. How slow the machine is at a moment decides nothing: Hypothesis counts no time either.
"""

import os
import shutil
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from events.projections import ALL
from events.store import EventStore
from tests.harness import elsewhere, no_gateway, processes, runtimes
from tests.harness.ports import free_port
from tests.harness.side_by_side import SideBySide
from tests.harness.studio import StudioServer

# From the profile that Hypothesis chose: in CI it draws the same examples each time.
settings.register_profile(
    "tests", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("tests")


def pytest_configure(config: pytest.Config) -> None:
    """Orphans of tests come back to us, so that they can be counted."""
    processes.become_reaper()
    if is_worker(config):
        processes.end_with_parent()
    else:
        processes.stop_in_order()


def pytest_unconfigure(config: pytest.Config) -> None:
    """What a worker left that was ended in the middle of a test has come to us."""
    if not is_worker(config):
        processes.end_descendants()


def is_worker(config: pytest.Config) -> bool:
    """Whether another pytest hands this one its tests."""
    return hasattr(config, "workerinput")


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> SideBySide | None:
    """Real tests (`--dist loadfile`) in an order of our own; the rest as xdist does it."""
    return SideBySide(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn the skip of a real test into a failure when CI is set."""
    report = yield
    if report.skipped and os.environ.get("CI") and item.get_closest_marker("real"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not allow: {report.longrepr}"
    return report


@pytest.fixture(autouse=True)
def _no_process_is_left_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test that leaks a process fails, by name of the process."""
    processes.bury()
    before = processes.children()
    yield
    left = processes.lingering(lambda: processes.leftovers(before))
    processes.kill_all(left)
    assert not left, f"{request.node.name} left running: {left}"


@pytest.fixture
def home() -> Iterator[Path]:
    """An empty data directory with a short path (unix sockets have a limit)."""
    folder = Path(tempfile.mkdtemp(prefix="studio-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def store(home: Path) -> Iterator[EventStore]:
    """An open event store with every projection."""
    opened = EventStore.open(home / "main.db", projections=ALL)
    yield opened
    opened.close()


@pytest.fixture
def port() -> int:
    """A free port on loopback."""
    return free_port()


@pytest.fixture(scope="session")
def litellm_runtime() -> None:
    """The gateway is installed in the machine's test cache."""
    runtimes.installed("litellm")


@pytest.fixture
def own_studio(home: Path, litellm_runtime: None) -> Iterator[StudioServer]:
    """A `vllm-studio serve` for this test alone: it may be killed."""
    yield from _studio(home)


@pytest.fixture
def quick_studio(home: Path) -> Iterator[StudioServer]:
    """The same for a test that needs no gateway: it never comes up, and requests go directly."""
    yield from _studio(home, with_gateway=False)


@pytest.fixture(scope="session")
def shared_studio(request: pytest.FixtureRequest) -> Iterator[StudioServer]:
    """One `vllm-studio serve` for the whole run. Use `studio`, which tidies up after each test."""
    if elsewhere.URL is not None:
        there = elsewhere.Elsewhere(elsewhere.URL, elsewhere.OWNER)
        yield there
        there.close()
        return
    request.getfixturevalue("litellm_runtime")
    folder = Path(tempfile.mkdtemp(prefix="studio-"))
    yield from _studio(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def studio(shared_studio: StudioServer) -> Iterator[StudioServer]:
    """The shared studio, with no recipe, engine or conversation before and after."""
    yield shared_studio
    shared_studio.erase_conversations()
    shared_studio.evict_all()
    for saved in shared_studio.get("/api/recipes")["recipes"]:
        answer = shared_studio.http.delete(
            f"/api/recipes/{saved['recipe']['id']}", headers=shared_studio.owner()
        )
        assert answer.is_success, answer.text


def _studio(folder: Path, *, with_gateway: bool = True) -> Iterator[StudioServer]:
    if with_gateway:
        runtimes.link(folder, ["litellm"])
    else:
        no_gateway.install(folder)
    server = StudioServer(folder)
    try:
        server.start()
        if with_gateway:
            server.wait_for_gateway()
        yield server
    finally:
        server.close()
    left = processes.lingering(lambda: processes.mentioning(str(folder)))
    processes.kill_all(left)
    assert not left, f"vllm-studio left running: {left}"
