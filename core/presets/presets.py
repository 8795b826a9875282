"""The door to presets: saved sealed under a name, read back, removed with their keys.

Removing goes in this order, and whoever starts next goes on where it was left:

    1. that it is removed is recorded    from now on nobody is shown it
    2. its key is destroyed              from now on nobody can read it, in no copy of the log
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

import msgspec

from core.command_handler import Decider, handle, known_facts
from core.erasure import SubjectKeys, Unreadable
from core.errors import Invalid, NotFound, Unavailable
from core.ids import uuid7
from core.presets import decider as rules
from core.presets.decider import PresetCommand, RemovePreset, SavePreset
from core.presets.views import Preset, PresetView, demand_preset, sealable
from events.errors import EventError
from events.facts import PresetSaved
from events.projections.presets import PresetRow, presets
from events.store import EventStore

T = TypeVar("T")
log = logging.getLogger(__name__)

ITEM = "preset"
PREFIX = "preset-"
MOST = 500
RULES: Decider[PresetCommand, rules.State] = Decider(
    initial=rules.initial, decide=rules.decide, evolve=rules.evolve
)


class Presets:
    """One wish at a time, so that no two share a name. Raises EventError without a log."""

    def __init__(self, *, store: EventStore, keys: SubjectKeys) -> None:
        self._store = store
        self._keys = keys
        self._one_at_a_time = asyncio.Lock()

    async def list(self, *, at: int | None = None) -> tuple[PresetView, ...]:
        """Those that can be read, by name; `at` an earlier position. Raises Invalid."""
        return await self._with_keys(partial(self._readable, at))

    async def get(self, name: str) -> PresetView:
        """The one of this name. Raises NotFound."""
        found = _called(await self.list(), name)
        if found is None:
            raise NotFound(
                f"there is no preset {name!r:.100}",
                code="preset-not-found",
                next_action="`GET /api/presets` lists those there are",
            )
        return found

    async def save(self, name: str, preset: Preset, *, actor: str) -> PresetView:
        """Save what is called `name`, new or changed; the preset may give it another name.

        Raises Invalid, at the field that is wrong, and where the other name is taken.
        """
        preset = demand_preset(preset)
        async with self._one_at_a_time:
            there = await self.list()
            old, other = _called(there, name), _called(there, preset.name)
            if other is not None and (old is None or other.preset_id != old.preset_id):
                raise Invalid(
                    f"there is a preset {other.name!r} already",
                    field="name",
                    code="name-taken",
                    next_action="choose another name, or change that one",
                )
            if old is None and len(there) >= MOST:
                raise Invalid(f"there are {MOST} presets: remove one first", field="name")
            which = uuid7() if old is None else old.preset_id
            sealed = await self._with_keys(partial(self._sealed, which, preset))
            await self._handle(SavePreset(preset_id=which, sealed=sealed), actor)
        return await self.get(preset.name)

    async def remove(self, name: str, *, actor: str) -> None:
        """Destroy its key. Raises NotFound, and Unavailable when that goes on at the next start."""
        async with self._one_at_a_time:
            which = (await self.get(name)).preset_id
            await self._handle(RemovePreset(preset_id=which), actor)  # 1
            await self._with_keys(partial(self._keys.destroy, _subject(which)))  # 2

    async def finish_removals(self) -> None:
        """Destroy the keys of presets that were removed: a crash came in between."""
        try:
            for subject in await asyncio.to_thread(self._keys.living):
                if subject.startswith(PREFIX) and self._is_removed(subject):
                    await self._with_keys(partial(self._keys.destroy, subject))
        except (sqlite3.Error, OSError, EventError, Unavailable) as problem:
            log.warning("keys of presets that were removed are still there: %s", problem)

    # ---- parts ---------------------------------------------------------------------------------

    def _is_removed(self, stream: str) -> bool:
        """As its own facts say: a read model may be behind."""
        state = RULES.fold(known_facts(self._store.read_events(stream)))
        return isinstance(state, rules.Removed)

    def _readable(self, at: int | None) -> tuple[PresetView, ...]:
        views = (self._view(row) for row in self._rows(at))
        found = [view for view in views if view is not None]
        return tuple(sorted(found, key=lambda view: (view.name.casefold(), view.preset_id)))

    def _rows(self, at: int | None) -> Sequence[PresetRow]:
        with self._store.reading() as connection:
            now = presets(connection)
        if at is None:
            return now
        if not 0 <= at <= self._store.head:
            raise Invalid(f"`at` is a position from 0 to {self._store.head}", field="at")
        return [row for one in now if (row := self._row_at(one.preset_id, at)) is not None]

    def _row_at(self, which: str, at: int) -> PresetRow | None:
        """As its own facts tell it: one that was removed since can be read at no position."""
        for one in reversed(self._store.read_stream(_subject(which))):
            if one.position <= at and isinstance(one.event, PresetSaved):
                return PresetRow(
                    preset_id=which,
                    sealed=one.event.sealed,
                    saved_at=one.recorded_at,
                    saved_by=one.actor,
                )
        return None

    def _view(self, row: PresetRow) -> PresetView | None:
        plain = self._keys.decrypt(_subject(row.preset_id), ITEM, row.sealed)
        if isinstance(plain, Unreadable):
            return None
        try:
            preset = _preset.decode(plain)
        except msgspec.MsgspecError:
            return None
        return PresetView(
            preset_id=row.preset_id,
            name=preset.name,
            model=preset.model,
            system=preset.system,
            parameters=preset.parameters,
            tools=preset.tools,
            saved_at=row.saved_at,
            saved_by=row.saved_by,
        )

    def _sealed(self, which: str, preset: Preset) -> bytes:
        plain = sealable(preset)
        self._keys.create(_subject(which))
        return self._keys.encrypt(_subject(which), ITEM, plain)

    async def _with_keys(self, call: Callable[[], T]) -> T:
        """In a thread. Raises Unavailable when keys.db can not be used."""
        try:
            return await asyncio.to_thread(call)
        except (sqlite3.Error, OSError) as problem:
            raise Unavailable(
                f"the presets or their keys can not be used now: {problem}",
                code="keys-unavailable",
                next_action="see that the disk has room and keys.db can be written",
            ) from problem

    async def _handle(self, command: PresetCommand, actor: str) -> None:
        await handle(self._store, _subject(command.preset_id), RULES, command, actor=actor)


def _called(there: tuple[PresetView, ...], name: str) -> PresetView | None:
    wanted = " ".join(name.split()).casefold()
    return next((view for view in there if view.name.casefold() == wanted), None)


def _subject(preset_id: str) -> str:
    """Its stream, which is the subject of its key, too."""
    return PREFIX + preset_id


_preset = msgspec.json.Decoder(Preset)
