"""The program behind `make`: what it says when a machine lacks something."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BOOTSTRAP = ROOT / "installers" / "bootstrap"


def run_in_bootstrap(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a piece of code as the bootstrap runs: its own folder first, nothing installed."""
    kept = {name: value for name, value in os.environ.items() if name not in {"CI", "VIRTUAL_ENV"}}
    return subprocess.run(
        [getattr(sys, "_base_executable", sys.executable), "-B", "-S", "-c", code],
        cwd=BOOTSTRAP,
        env={**kept, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_it_needs_nothing_but_the_standard_library() -> None:
    """Every module imports on a bare Python, without site-packages."""
    names = sorted(path.stem for path in BOOTSTRAP.glob("*.py"))
    result = run_in_bootstrap(f"import {', '.join(names)}")
    assert result.returncode == 0, result.stderr


def test_an_unknown_step_is_refused_with_those_there_are() -> None:
    """A typing error is told what would have been right."""
    done = subprocess.run(
        [sys.executable, "-B", BOOTSTRAP, "ap"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert "app | dev | system | lock" in done.stderr


@pytest.mark.parametrize(("ci", "status"), [("true", 1), ("", 0)])
def test_a_missing_package_fails_in_ci_and_is_only_said_elsewhere(ci: str, status: int) -> None:
    """In CI nothing may go untested; on a person's machine the tests say so and skip."""
    code = (
        "import sys, debian\n"
        "from console import Trouble\n"
        "debian.PACKAGES = {'no-such-thing': '/no/such/file'}\n"
        "debian._as_root = lambda: None\n"
        "try: debian.prepare()\n"
        "except Trouble as trouble: print(trouble); sys.exit(1)\n"
    )
    result = run_in_bootstrap(code, CI=ci)
    assert result.returncode == status
    assert "no-such-thing" in result.stdout + result.stderr


def test_no_pip_and_no_venv_is_one_clear_sentence() -> None:
    """A bare Debian Python is told which package to install."""
    code = (
        "import sys, uv_program\n"
        "from console import Trouble\n"
        "uv_program.works = lambda argv: False\n"
        "try: uv_program.find_uv()\n"
        "except Trouble as trouble: print(trouble)\n"
    )
    result = run_in_bootstrap(code)
    assert "apt install python3-venv" in result.stdout


def test_a_proxy_that_is_set_is_asked_about() -> None:
    """Nobody is told to set what is set already and does not answer."""
    ask = "import os, console\nos.environ.pop('https_proxy', None)\n"
    code = f"{ask}os.environ['HTTPS_PROXY'] = 'http://me:secret@host'\n"
    told = run_in_bootstrap(f"{code}print(console.what_of_the_network())").stdout
    assert "HTTPS_PROXY is set: does that proxy answer?" in told
    assert "secret" not in told
    assert "run the same command again" in told


def test_too_little_room_is_said_before_anything_is_fetched() -> None:
    """With how much there is, how much is needed, and what to do."""
    code = (
        "import environment\n"
        "from console import Trouble\n"
        "environment.demand_room(environment.NEEDED)\n"
        "try: environment.demand_room(300 * 2**20)\n"
        "except Trouble as trouble: print(trouble)\n"
    )
    result = run_in_bootstrap(code)
    assert result.returncode == 0, result.stderr
    assert "0.3 GiB free" in result.stdout
    assert "1 GiB are needed" in result.stdout
    assert "Make room" in result.stdout


@pytest.mark.skipif(os.name != "posix", reason="make and a shell")
def test_a_python_that_is_not_there_is_one_clear_sentence() -> None:
    """And not make's own complaint of a file that it did not find."""
    make = ["make", "--no-print-directory", "app", "PYTHON=no-such-python"]
    done = subprocess.run(make, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert "no-such-python can not be run" in done.stderr
    assert "make run PYTHON=" in done.stderr


def test_a_changed_source_of_the_web_ui_is_noticed(home: Path) -> None:
    """The stamp depends on what a file contains, not on when it was touched."""
    code = (
        "import environment, pathlib\n"
        f"environment.ROOT = pathlib.Path({str(home)!r})\n"
        "page = environment.ROOT / 'page'\n"
        "page.write_text('one'); first = environment._digest([page])\n"
        "page.write_text('one'); same = environment._digest([page])\n"
        "page.write_text('two'); other = environment._digest([page])\n"
        "print(first == same, first == other)\n"
    )
    assert run_in_bootstrap(code).stdout.strip() == "True False"
