"""Changing settings while running: which ones may, and what the log gets to see of them."""

from typing import Any

import msgspec

from core.live_settings import LiveSettings
from core.settings import SETTING
from events.facts import SettingChanged


class ChangeSettings(msgspec.Struct, frozen=True, kw_only=True, tag="change-settings"):
    """Give settings new values, all or none; None puts a default back."""

    changes: dict[str, Any]


def changes_as_facts(
    command: ChangeSettings, settings: LiveSettings
) -> tuple[list[SettingChanged], tuple[str, ...]]:
    """The facts, and the keys among them that take effect at the next start.

    Raises Invalid for an unknown key, a wrong value or a secret, and Refused for what the
    environment sets; then nothing has changed.
    """
    before = settings.current
    after = before.with_changes(command.changes)
    before.demand_changeable(command.changes)
    different = [k for k in command.changes if getattr(before, k) != getattr(after, k)]
    facts = [
        SettingChanged(
            key=key,
            value=msgspec.to_builtins(getattr(after, key)),
            previous=msgspec.to_builtins(getattr(before, key)),
        )
        for key in different
    ]
    return facts, tuple(key for key in different if SETTING[key].needs_restart)
