"""A terminal and an app to talk to."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from desktop.cli.root import vllm_studio
from tests.desktop.fake_app import FakeApp, fake_app

Run = Callable[..., Result]


@pytest.fixture
def run(home: Path) -> Run:
    """Types a command into a terminal whose data directory is `home`."""
    runner = CliRunner()
    environ = {"VLLM_STUDIO_HOME": str(home), "VLLM_STUDIO_API_KEY": None}

    def typed(*words: str, stdin: str | None = None) -> Result:
        result = runner.invoke(vllm_studio, words, input=stdin, env=environ)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return typed


@pytest.fixture
def app(home: Path) -> Iterator[FakeApp]:
    """A running app in `home`."""
    with fake_app(home) as running:
        yield running
