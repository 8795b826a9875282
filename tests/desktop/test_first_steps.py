"""What a person meets who starts it for the first time, and whose machine is in the way."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from click.testing import CliRunner
from rich.console import Console

from core.errors import Unavailable
from core.settings import Settings
from desktop.app import endings, stop_on_signals
from desktop.cli.progress import BarProgress
from desktop.cli.root import vllm_studio
from desktop.home import make_home
from desktop.host import Host


@pytest.fixture
def signals() -> Iterator[None]:
    """What ends the app does again what it did before, afterwards."""
    before = {number: signal.getsignal(number) for number in endings()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("command", ["status", "serve", "demo", "doctor"])
def test_a_data_directory_that_can_not_be_made_is_named(tmp_path: Path, command: str) -> None:
    """With why, and what would help; whatever was asked for."""
    (tmp_path / "file").write_text("in the way")
    environ = {"VLLM_STUDIO_HOME": str(tmp_path / "file" / "home")}
    result = CliRunner().invoke(vllm_studio, [command], env=environ)
    assert result.exit_code == 1
    assert f"the data directory {tmp_path / 'file' / 'home'} can not be used" in result.stderr
    assert "not a directory" in result.stderr
    assert "VLLM_STUDIO_HOME=" in result.stderr


def test_a_home_whose_rooms_can_not_be_made_is_told_too(tmp_path: Path) -> None:
    """The folder is there, what is to be in it can not be."""
    (tmp_path / "run").write_text("in the way")
    with pytest.raises(Unavailable, match="can not be used"):
        make_home(Settings(home=tmp_path))


def stopped_by(numbers: list[signal.Signals], say: Callable[[str], None]) -> list[str]:
    """Why the app was asked to stop, one after the other."""
    reasons: list[str] = []
    host: Any = SimpleNamespace(stop=lambda reason: reasons.append(reason))
    stop_on_signals(cast("Host", host), say)
    for number in numbers:
        os.kill(os.getpid(), number)
    return reasons


@pytest.mark.usefixtures("signals")
def test_a_second_ctrl_c_is_answered_with_why_it_takes_so_long() -> None:
    """Nothing is cut short by it."""
    said: list[str] = []
    assert len(stopped_by([signal.SIGINT, signal.SIGINT], said.append)) == 2
    assert said == ["Stopping…", "Still stopping: models are given time to end."]


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows knows no SIGHUP")
@pytest.mark.usefixtures("signals")
def test_a_terminal_that_is_closed_ends_the_app_in_order() -> None:
    """Though it takes no more words."""

    def gone(text: str) -> None:
        raise OSError(5, "Input/output error")

    assert stopped_by([signal.SIGHUP], gone) == ["SIGHUP was received"]


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows knows no SIGHUP")
@pytest.mark.usefixtures("signals")
def test_under_nohup_a_closed_terminal_is_nothing_to_it() -> None:
    """Whoever says nohup means it."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    assert stopped_by([signal.SIGHUP], lambda text: None) == []
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_time_is_shown_whole_on_every_terminal(width: int) -> None:
    """A long phase is cut, at its end."""
    bar = BarProgress("switch demo")
    bar.update("litellm-1.106.2: packages: downloading, 16 of 143 MiB", 25)
    console = Console(width=width, color_system=None, force_terminal=True)
    with console.capture() as shown:
        console.print(bar.bars)
    [line] = shown.get().rstrip("\n").splitlines()
    assert "25 %" in line
    assert "0:00:00" in line
    assert ("16 of 143 MiB" in line) == (width == 200)
