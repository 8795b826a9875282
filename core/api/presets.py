"""`/api/presets`: how conversations may ask their models, for the owner of this machine alone."""

from typing import Any

import msgspec
from litestar import delete, get, put

from core.api.asking import Asking
from core.api.control import demand_owner
from core.application import Application
from core.presets import Preset, PresetView


class PresetList(msgspec.Struct, frozen=True, kw_only=True):
    """Every preset that can be read, by name."""

    presets: tuple[PresetView, ...]


class PresetWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a preset is to hold; `name`: what it is called from now on, where that is another."""

    name: str = ""
    model: str = ""
    system: str = ""
    parameters: dict[str, Any] = {}
    tools: tuple[str, ...] = ()


@get("/presets")
async def list_presets(
    application: Application, asking: Asking, at: int | None = None
) -> PresetList:
    """Every preset now, or as they stood after event `at`."""
    demand_owner(asking, "see presets")
    return PresetList(presets=await application.presets.list(at=at))


@get("/presets/{name:str}")
async def read_preset(application: Application, asking: Asking, name: str) -> PresetView:
    """One of them."""
    demand_owner(asking, "see presets")
    return await application.presets.get(name)


@put("/presets/{name:str}")
async def save_preset(
    application: Application, asking: Asking, name: str, data: PresetWish
) -> PresetView:
    """Save it, new or changed."""
    demand_owner(asking, "save presets")
    fields = msgspec.structs.asdict(data)
    preset = Preset(**{**fields, "name": data.name or name})
    return await application.presets.save(name, preset, actor=asking.actor)


@delete("/presets/{name:str}", status_code=204)
async def remove_preset(application: Application, asking: Asking, name: str) -> None:
    """Destroy its key: nobody can read it any more."""
    demand_owner(asking, "remove presets")
    await application.presets.remove(name, actor=asking.actor)


HANDLERS = (list_presets, read_preset, save_preset, remove_preset)
