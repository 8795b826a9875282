"""Warm starts: interpreters that have imported an engine before it is asked for."""

from core.engines.warm.launcher import WarmLauncher
from core.engines.warm.programs import Start, start_of
from core.engines.warm.spare_process import possible
from core.engines.warm.spares import Spares

__all__ = ["Spares", "Start", "WarmLauncher", "possible", "start_of"]
