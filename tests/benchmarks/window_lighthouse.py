"""Lighthouse over the window's pages. Its packages are installed when it is first wanted."""

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path

import msgspec

from tests.harness.chromium import CHROMIUM
from tests.harness.studio import ROOT

HERE = Path(__file__).parent / "lighthouse"


class Scores(msgspec.Struct, frozen=True, kw_only=True):
    """Medians of one page; `paint` and `blocked` in milliseconds, as on a desktop at 10 Mbit/s."""

    address: str
    performance: float
    accessibility: float
    paint: float
    blocked: float
    shift: float
    failed: list[str]


def audit(addresses: Iterable[str], runs: int) -> Iterator[Scores]:
    """Each address `runs` times, in a fresh tab of one browser, with desktop settings."""
    sys.path.insert(0, str(ROOT / "installers"))
    npm, env = import_module("hatch_build").npm_command()  # the Node that builds the window
    environment = {**os.environ, **env, "CHROME_PATH": CHROMIUM, "PUPPETEER_SKIP_DOWNLOAD": "1"}
    if not (HERE / "node_modules").is_dir():
        subprocess.run([*npm, "ci"], cwd=HERE, env=environment, check=True, stdout=sys.stderr)
    command = [npm[0], "audit.mjs", str(runs), *addresses]
    told = subprocess.run(command, cwd=HERE, env=environment, check=True, stdout=subprocess.PIPE)
    for line in told.stdout.decode().splitlines():
        yield msgspec.json.decode(line, type=Scores)
