"""The files a Linux desktop reads are ones it accepts."""

import configparser
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from desktop.cli.root import vllm_studio
from desktop.tray_icon import GRAPHS, KV_CACHE, WEIGHTS

LINUX = Path(__file__).parents[2] / "installers" / "linux"


def read(name: str) -> configparser.ConfigParser:
    """An ini file with its keys as written."""
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[method-assign,assignment]  # keep upper case
    parser.read(LINUX / name, encoding="utf-8")
    return parser


def test_every_started_command_exists() -> None:
    """Exec lines name commands of ours."""
    entry, unit = read("vllm-studio.desktop"), read("vllm-studio.service")
    lines = [section["Exec"] for section in entry.values() if "Exec" in section]
    for line in [*lines, unit["Service"]["ExecStart"]]:
        program, *words = line.split()
        assert program == "vllm-studio"
        assert set(words) <= set(vllm_studio.commands)


def test_every_action_of_the_entry_is_described() -> None:
    """An action without its section would be an empty line in the dock's menu."""
    entry = read("vllm-studio.desktop")
    actions = entry["Desktop Entry"]["Actions"].strip(";").split(";")
    assert {f"Desktop Action {action}" for action in actions} == set(entry.sections()[1:])


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd here")
def test_systemd_accepts_the_unit(home: Path) -> None:
    """Not a word of complaint: unknown keys are only warnings to it."""
    text = (LINUX / "vllm-studio.service").read_text().replace("vllm-studio serve", "/bin/true")
    unit = home / "vllm-studio.service"
    unit.write_text(text)
    environ = {**os.environ, "XDG_RUNTIME_DIR": str(home)}
    command = ["systemd-analyze", "--user", "verify", str(unit)]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_drawn_icon_and_the_file_have_the_same_colours() -> None:
    """One logo, drawn twice."""
    drawn = (LINUX / "vllm-studio.svg").read_text()
    for colour in (WEIGHTS, KV_CACHE, GRAPHS):
        assert "#{:02x}{:02x}{:02x}".format(*colour) in drawn
