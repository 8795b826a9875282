"""Changing settings while running: which ones may, and what the log gets to see of them."""

from typing import Any

import msgspec

from core.errors import Invalid
from core.live_settings import LiveSettings
from core.masking import holds_secret
from core.settings import SETTING
from events.facts import SettingChanged


class ChangeSettings(msgspec.Struct, frozen=True, kw_only=True, tag="change-settings"):
    """Give settings new values, all or none; None puts a default back."""

    changes: dict[str, Any]


def changes_as_facts(
    command: ChangeSettings, settings: LiveSettings
) -> tuple[list[SettingChanged], tuple[str, ...]]:
    """The facts, and the keys among them that take effect at the next start.

    Raises Invalid for an unknown key, a wrong value or a secret (also one in an address), and
    Refused for what the environment sets; then nothing has changed.
    """
    before = settings.current
    after = before.with_changes(command.changes)
    before.demand_changeable(command.changes)
    _demand_no_secret(command.changes)
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


def _demand_no_secret(changes: dict[str, Any]) -> None:
    """An address with a password inside is a secret, too, whatever the setting."""
    for key, value in changes.items():
        texts = value if isinstance(value, list | tuple) else (value,)
        if any(isinstance(text, str) and holds_secret(text) for text in texts):
            raise Invalid(
                f"{key} holds a password or a key, and the log keeps none",
                field=key,
                code="secret-setting",
                next_action=f"Set {SETTING[key].environment} in the .env of the data directory.",
            )
