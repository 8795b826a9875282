"""Presets: how a conversation may ask its model, kept under a name."""

from core.presets.presets import Presets
from core.presets.views import Preset, PresetView

__all__ = ["Preset", "PresetView", "Presets"]
