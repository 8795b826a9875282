"""The settings in force: what the process was started with, and what was changed since."""

from typing import Any

from core.settings import Settings
from core.switching.scheduling.scene import Rules


class LiveSettings:
    """Read `current` each time; it is replaced whole."""

    def __init__(self, boot: Settings, changes: dict[str, Any]) -> None:
        self.boot = boot
        self._changes = dict(changes)
        self.current = boot.with_recorded(changes)

    def change(self, changes: dict[str, Any]) -> None:
        """Take effect now; raises Invalid and changes nothing when a value does not fit."""
        merged = self._changes | changes
        self.current = self.boot.with_recorded(self._changes).with_changes(changes)
        self._changes = merged

    def scheduling_rules(self) -> Rules:
        """Those of them by which the scheduler decides."""
        return Rules(
            max_resident=self.current.max_resident,
            min_residence_s=self.current.min_residence_s,
            patience_s=self.current.priority_patience_s,
        )
