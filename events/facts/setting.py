"""Facts about settings. Stream: `settings`. Secret values are redacted before they come here."""

from typing import Any

from events.facts.base import Fact


class SettingChanged(Fact, frozen=True, kw_only=True, tag="setting-changed"):
    """The setting {key} was changed from {previous} to {value}."""

    key: str
    value: Any
    previous: Any = None
