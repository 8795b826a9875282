"""Facts about presets: how a conversation may ask its model, kept under a name.

Stream: `preset-<preset_id>`. Its name, its system prompt and all the rest may be private, and are
sealed under a key of the preset's own: who destroys it erases what the preset said.
"""

from events.facts.base import Fact


class PresetSaved(Fact, frozen=True, kw_only=True, tag="preset-saved"):
    """The preset {preset_id} was saved."""

    preset_id: str
    sealed: bytes


class PresetRemoved(Fact, frozen=True, kw_only=True, tag="preset-removed"):
    """The preset {preset_id} was removed: its key is destroyed."""

    preset_id: str
