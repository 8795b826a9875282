"""What a preset holds, and how it looks."""

from typing import Any

import msgspec

from core.conversations.setup import Setup, demand_setup
from core.errors import Invalid

MOST_NAME = 80  # characters


class Preset(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is sealed of a preset. New fields have defaults: old presets stay readable."""

    name: str
    model: str = ""  # empty: the conversation keeps the one it has
    system: str = ""
    parameters: dict[str, Any] = msgspec.field(default_factory=dict)
    tools: tuple[str, ...] = ()


class PresetView(msgspec.Struct, frozen=True, kw_only=True):
    """A preset in a list. Times are µs since the epoch."""

    preset_id: str
    name: str
    model: str
    system: str
    parameters: dict[str, Any]
    tools: tuple[str, ...]
    saved_at: int
    saved_by: str


def demand_preset(preset: Preset) -> Preset:
    """It, without needless blanks. Raises Invalid, at the field that is wrong."""
    name = " ".join(preset.name.split())
    if not 0 < len(name) <= MOST_NAME:
        raise Invalid(f"a preset's name has 1 to {MOST_NAME} characters", field="name")
    if "/" in name:
        raise Invalid("a preset's name has no slash: it is part of an address", field="name")
    try:
        setup = demand_setup(
            Setup(
                model=preset.model,
                system=preset.system,
                parameters=preset.parameters,
                tools=preset.tools,
            ),
            at="",
        )
    except Invalid as wrong:
        field = (wrong.field or "").lstrip(".")
        raise Invalid(wrong.message, field=field, next_action=wrong.next_action) from None
    return msgspec.structs.replace(preset, name=name, system=setup.system, model=setup.model)


def sealable(preset: Preset) -> bytes:
    """As it is encrypted. Raises Invalid."""
    try:
        return msgspec.json.encode(preset)
    except UnicodeEncodeError:
        raise Invalid("the preset holds half a character", field="name") from None
