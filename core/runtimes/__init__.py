"""Installed engines and gateways, each in a virtualenv of its own. Start at `runtimes.py`."""

from core.runtimes.runtime import Runtime
from core.runtimes.runtimes import Runtimes

__all__ = ["Runtime", "Runtimes"]
