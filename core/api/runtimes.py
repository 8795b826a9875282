"""`/api/runtimes`: installed engine versions, and installing more."""

import msgspec
from litestar import delete, get, post

from core.api.asking import Asking
from core.application import Application
from core.runtimes.catalogue import OFFERS
from events.projections.runtimes_installed import RuntimeRow, runtimes_installed


class OfferView(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of runtime that can be installed here."""

    kind: str
    version: str
    note: str


class RuntimeList(msgspec.Struct, frozen=True, kw_only=True):
    """What is installed or being installed, and what could be."""

    runtimes: list[RuntimeRow]
    available: list[OfferView]


class InstallWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of an install."""

    kind: str
    version: str | None = None
    wait: bool = False


class InstallAccepted(msgspec.Struct, frozen=True, kw_only=True):
    """Progress comes as events."""

    kind: str


@get("/runtimes")
async def list_runtimes(application: Application) -> RuntimeList:
    """Installed runtimes and the kinds on offer."""
    with application.store.reading() as connection:
        rows = runtimes_installed(connection)
    offers = [OfferView(kind=k.kind, version=k.version, note=k.note) for k in OFFERS.values()]
    return RuntimeList(runtimes=rows, available=offers)


@post("/runtimes", status_code=202)
async def install_runtime(
    application: Application, asking: Asking, data: InstallWish
) -> InstallAccepted:
    """Begin to install; a second wish for the same joins the first."""
    installing = application.installer.begin(data.kind, data.version, actor=asking.actor)
    if data.wait:
        await installing
    return InstallAccepted(kind=data.kind)


@delete("/runtimes/{runtime_id:str}", status_code=204)
async def remove_runtime(application: Application, asking: Asking, runtime_id: str) -> None:
    """Delete it from disk; refused while an engine runs on it."""
    await application.installer.remove(runtime_id, actor=asking.actor)


HANDLERS = (list_runtimes, install_runtime, remove_runtime)
