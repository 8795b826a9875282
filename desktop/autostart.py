"""Start at login: an XDG autostart entry, a LaunchAgent, or a value under the Run key.

Standard library only; no project on the package index does just this and is maintained.
The Linux branch is tested; the others follow the platforms' documentation and were not run.
"""

import os
import plistlib
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

NAME = "vLLM Studio"
AGENT = "ai.vllm-studio"
RUN_KEY = r"Software\Microsoft\Windows\CurrentVersion\Run"


def start_command() -> list[str]:
    """How this installation is started at login: in the tray, without opening the window."""
    return [sys.executable, "-P", "-m", "desktop", "desktop", "--background"]


def autostart_file(environ: Mapping[str, str] = os.environ, home: Path | None = None) -> Path:
    """The file that holds the wish, on Linux and macOS."""
    home = home or Path.home()
    if sys.platform == "darwin":
        return home / "Library" / "LaunchAgents" / f"{AGENT}.plist"
    config = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    return config / "autostart" / "vllm-studio.desktop"


def turn_on(command: Sequence[str], file: Path | None = None) -> None:
    """Start at every login from now on; fine to repeat. Raises OSError."""
    if sys.platform == "win32":
        _write_run_value(subprocess.list2cmdline(command))
        return
    file = file or autostart_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".tmp")
    draft.write_bytes(_agent(command) if sys.platform == "darwin" else _entry(command))
    draft.replace(file)


def turn_off(file: Path | None = None) -> None:
    """Do not start at login; fine to repeat."""
    if sys.platform == "win32":
        _delete_run_value()
        return
    (file or autostart_file()).unlink(missing_ok=True)


def is_on(file: Path | None = None) -> bool:
    """Whether it starts at login."""
    if sys.platform == "win32":
        return _run_value_exists()
    return (file or autostart_file()).exists()


def _entry(command: Sequence[str]) -> bytes:
    lines = (
        "[Desktop Entry]",
        "Type=Application",
        f"Name={NAME}",
        f"Exec={' '.join(quoted(word) for word in command)}",
        "Icon=vllm-studio",
        "Terminal=false",
        "X-GNOME-Autostart-enabled=true",
    )
    return ("\n".join(lines) + "\n").encode()


def quoted(word: str) -> str:
    """One argument of an Exec line, by the Desktop Entry rules.

    Inside double quotes the characters " ` $ and the backslash want a backslash, which the
    string type of the file format wants doubled; a per cent sign is doubled everywhere.
    """
    escaped = word.replace("%", "%%")
    if word and all(c.isalnum() or c in "/-_.%+=:," for c in word):
        return escaped
    for character in '\\"`$':
        escaped = escaped.replace(character, "\\" + character)
    return '"' + escaped.replace("\\", "\\\\") + '"'


def _agent(command: Sequence[str]) -> bytes:
    return plistlib.dumps(
        {
            "Label": AGENT,
            "ProgramArguments": list(command),
            "RunAtLoad": True,
            "ProcessType": "Interactive",
            "LimitLoadToSessionType": "Aqua",
        }
    )


if sys.platform == "win32":
    import winreg

    def _write_run_value(line: str) -> None:
        with winreg.CreateKey(winreg.HKEY_CURRENT_USER, RUN_KEY) as key:
            winreg.SetValueEx(key, NAME, 0, winreg.REG_SZ, line)

    def _delete_run_value() -> None:
        try:
            with winreg.OpenKey(winreg.HKEY_CURRENT_USER, RUN_KEY, 0, winreg.KEY_SET_VALUE) as key:
                winreg.DeleteValue(key, NAME)
        except FileNotFoundError:
            return

    def _run_value_exists() -> bool:
        try:
            with winreg.OpenKey(winreg.HKEY_CURRENT_USER, RUN_KEY) as key:
                winreg.QueryValueEx(key, NAME)
        except FileNotFoundError:
            return False
        return True
