"""Programs that only some machines have: there, or a reason to skip – in CI, a failure."""

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest


def needs(*programs: str) -> None:
    """Skip the test when a program is missing; in CI fail: there, nothing goes untested."""
    missing = [name for name in programs if not (shutil.which(name) or Path(name).exists())]
    if not missing:
        return
    lacks(f"needs {', '.join(missing)}: see installers/bootstrap/debian.py")


def lacks(reason: str) -> NoReturn:
    """What the test needs is not there: skip it, and in CI fail."""
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
