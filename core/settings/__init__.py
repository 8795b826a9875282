"""What can be set, where a setting comes from, and where everything lies on disk."""

from core.settings.in_force import SETTING, SETTINGS, Settings, is_loopback
from core.settings.paths import Paths, home_dir
from core.settings.setting import Setting
from core.settings.sources import load_settings
from core.settings.values import Source

__all__ = [
    "SETTING",
    "SETTINGS",
    "Paths",
    "Setting",
    "Settings",
    "Source",
    "home_dir",
    "is_loopback",
    "load_settings",
]
