"""`/api/runtimes`: installed engine versions, and installing more."""

import msgspec
from litestar import delete, get, post

from core.api.asking import Asking
from core.application import Application
from events.projections.runtimes_installed import RuntimeRow, runtimes_installed


class RuntimeView(msgspec.Struct, frozen=True, kw_only=True):
    """One engine version: what the disk holds, and what the log says of the others."""

    id: str
    kind: str
    version: str
    state: str  # installed | installing | failed
    bytes_on_disk: int | None = None
    phase: str = ""
    percent: float | None = None
    error: str | None = None
    next_action: str = ""


class OfferView(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of runtime that can be installed here."""

    kind: str
    version: str
    note: str


class RuntimeList(msgspec.Struct, frozen=True, kw_only=True):
    """What is installed or being installed, and what could be."""

    runtimes: list[RuntimeView]
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
    """Installed runtimes, those under way, the failed ones, and the kinds on offer."""
    with application.store.reading() as connection:
        rows = runtimes_installed(connection)
    offers = application.runtimes.available()
    return RuntimeList(
        runtimes=views(application, rows),
        available=[OfferView(kind=o.kind, version=o.version, note=o.note) for o in offers],
    )


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
    await application.runtimes.remove(runtime_id, actor=asking.actor)


def views(application: Application, rows: list[RuntimeRow]) -> list[RuntimeView]:
    """By id: the disk is the truth about what is installed, the log about what failed."""
    found = {
        r.runtime_id: RuntimeView(
            id=r.runtime_id,
            kind=r.kind,
            version=r.version,
            state="failed",
            error=r.error,
            next_action=r.next_action,
        )
        for r in rows
        if r.state == "failed"
    }
    found |= {
        r.id: RuntimeView(
            id=r.id,
            kind=r.kind,
            version=r.version,
            state="installed",
            bytes_on_disk=r.bytes_on_disk,
        )
        for r in application.runtimes.installed()
    }
    found |= {
        i.id: RuntimeView(
            id=i.id,
            kind=i.kind,
            version=i.version,
            state="installing",
            phase=i.phase,
            percent=i.percent,
        )
        for i in application.runtimes.installing()
    }
    return [found[id_] for id_ in sorted(found)]


HANDLERS = (list_runtimes, install_runtime, remove_runtime)
