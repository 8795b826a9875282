"""`/api/settings`: what is in force, and where each value comes from."""

from typing import Any

import msgspec
from litestar import get, patch

from core.api.asking import Asking
from core.application import Application
from core.setting_changes import ChangeSettings
from core.settings import SETTINGS, Setting, Source


class SettingsView(msgspec.Struct, frozen=True, kw_only=True, rename={"origins": "from"}):
    """Values in force, secrets as "•••"; where each comes from; what each means."""

    settings: dict[str, Any]
    origins: dict[str, Source]
    described: tuple[Setting, ...]
    takes_effect_after_restart: tuple[str, ...] = ()


@get("/settings")
async def list_settings(application: Application) -> SettingsView:
    """Every setting."""
    return view(application)


@patch("/settings")
async def change_settings(
    application: Application, asking: Asking, data: dict[str, Any]
) -> SettingsView:
    """Change some; all or none take effect, each as an event."""
    later = await application.studio.handle(ChangeSettings(changes=data), actor=asking.actor)
    return view(application, later)


def view(application: Application, later: tuple[str, ...] = ()) -> SettingsView:
    """The settings as they are now."""
    current = application.settings.current
    return SettingsView(
        settings=current.shown(),
        origins={s.key: current.source_of(s.key) for s in SETTINGS},
        described=SETTINGS,
        takes_effect_after_restart=later,
    )


HANDLERS = (list_settings, change_settings)
