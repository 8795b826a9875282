"""Write the hashed lock files: `python -m core.runtimes.lock [KIND …]`, from the repository's root.

The locks are universal (every platform, Python 3.11 and later) and hold names, versions, markers
and hashes, never an index: which index serves the files is the user's own uv configuration.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import uv

from core.runtimes.catalogue import OFFERS, Offer, requirements_of

LOCKS = Path(__file__).parent / "locks"

_HEADER = """\
# {title} {version}: everything its runtime holds, with hashes.
# Made by `python -m core.runtimes.lock {kind}`; do not edit.
"""


def lock_path(kind: str) -> Path:
    """The lock file of a kind, as package data."""
    return LOCKS / f"{kind}.txt"


def compile_lock(offer: Offer) -> str:
    """Resolve an offer to the text of its lock. Needs the network."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "in.txt").write_text("\n".join(requirements_of(offer)) + "\n")
        # An override with a marker that is never true takes a distribution out of the resolution.
        never = "".join(f"{package} ; python_version < '0'\n" for package in offer.excluded)
        (folder / "overrides.txt").write_text(never)
        done = subprocess.run(
            _compile_command(folder), capture_output=True, text=True, check=False, cwd=folder
        )
        if done.returncode:
            raise SystemExit(f"{offer.kind}: {done.stderr.strip()}")
        return (
            _HEADER.format(title=offer.title, version=offer.version, kind=offer.kind)
            + (folder / "out.txt").read_text()
        )


def _compile_command(folder: Path) -> Sequence[str]:
    return (
        uv.find_uv_bin(),
        *("pip", "compile", "--quiet", "--universal", "--python-version", "3.11"),
        *("--generate-hashes", "--no-header", "--no-annotate", "--no-emit-index-url"),
        *("--override", "overrides.txt", "in.txt", "--output-file", str(folder / "out.txt")),
    )


def main(kinds: Iterable[str]) -> None:
    """Lock the kinds named, or all that are locked."""
    for kind in tuple(kinds) or tuple(kind for kind, offer in OFFERS.items() if offer.locked):
        lock_path(kind).write_text(compile_lock(OFFERS[kind]))
        print(f"{kind}: {lock_path(kind)}")


if __name__ == "__main__":
    main(sys.argv[1:])
