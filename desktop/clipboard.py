"""Putting text on the clipboard with the programs that desktops bring."""

import shutil
import subprocess

_PROGRAMS = (
    ("wl-copy",),
    ("xclip", "-selection", "clipboard"),
    ("xsel", "--clipboard", "--input"),
    ("pbcopy",),
    ("clip.exe",),
)
_LONG_ENOUGH_S = 2.0


def copy(text: str) -> bool:
    """Whether one of them took it. They fork to keep the text, so their output is not awaited."""
    return any(shutil.which(program[0]) and _given_to(program, text) for program in _PROGRAMS)


def _given_to(program: tuple[str, ...], text: str) -> bool:
    try:
        done = subprocess.run(
            program,
            input=text.encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_LONG_ENOUGH_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
