"""A tiny distribution that real uv installs from a folder in a tenth of a second, offline."""

import zipfile
from pathlib import Path

import pytest

from core.runtimes.catalogue import OFFERS, Offer

_METADATA = "Metadata-Version: 2.1\nName: tiny\nVersion: {version}\n"
_WHEEL = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def make_wheel(folder: Path, version: str = "1.0") -> None:
    """Write tiny-<version>, one module with one line."""
    folder.mkdir(parents=True, exist_ok=True)
    info = f"tiny-{version}.dist-info"
    files = {
        "tiny.py": f"version = {version!r}\n",
        f"{info}/METADATA": _METADATA.format(version=version),
        f"{info}/WHEEL": _WHEEL,
    }
    record = "".join(f"{name},,\n" for name in (*files, f"{info}/RECORD"))
    with zipfile.ZipFile(folder / f"tiny-{version}-py3-none-any.whl", "w") as wheel:
        for name, text in {**files, f"{info}/RECORD": record}.items():
            wheel.writestr(name, text)


def offer_tiny(
    monkeypatch: pytest.MonkeyPatch, wheels: Path, *, probe: str = "import tiny"
) -> None:
    """Put it on offer, and let uv see nothing but the folder of wheels."""
    offer = Offer(
        kind="tiny",
        version="1.0",
        title="Tiny",
        note="For tests.",
        requirements=("tiny=={version}",),
        locked=False,
        needs_bytes=1024,
        probe=probe,
    )
    monkeypatch.setitem(OFFERS, "tiny", offer)
    monkeypatch.setenv("UV_FIND_LINKS", str(wheels))
    monkeypatch.setenv("UV_NO_INDEX", "1")
