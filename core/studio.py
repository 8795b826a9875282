"""The one door for commands: tray, window, terminal and HTTP all come through here.

`COMMANDS` is the table of contents: every wish the studio understands, and who sees to it.
"""

import asyncio
import concurrent.futures
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

import msgspec

from core.clock import Clock
from core.command_handler import Decider, handle, known_facts
from core.engines.fleet import Fleet
from core.errors import Invalid, StudioError
from core.ids import uuid7
from core.live_settings import LiveSettings
from core.recipes import decider as recipe_rules
from core.recipes.book import RecipeBook
from core.recipes.commands import (
    ArchiveRecipe,
    CloneRecipe,
    CreateRecipe,
    ImportRecipe,
    RestoreRecipe,
    ReviseRecipe,
)
from core.recipes.recipe import Recipe
from core.recipes.secrets_in_env import split_secrets
from core.secrets import Secrets
from core.setting_changes import ChangeSettings, changes_as_facts
from core.status import Status
from core.status_board import StatusBoard
from core.switching.commands import CancelChange, RequestEvict, RequestLoad, RequestSwitch
from core.switching.pending import Pending
from core.switching.switchboard import Switchboard
from events.store import EventStore

RECIPES = Decider(
    initial=recipe_rules.initial, decide=recipe_rules.decide, evolve=recipe_rules.evolve
)


class Studio:
    """Turns commands into facts and deeds."""

    def __init__(
        self,
        *,
        store: EventStore,
        settings: LiveSettings,
        secrets: Secrets,
        book: RecipeBook,
        fleet: Fleet,
        switchboard: Switchboard,
        board: StatusBoard,
        recipe_changed: Callable[[], None],
        clock: Clock,
        demand_change: Callable[[], None] = lambda: None,
        other_names: Callable[[], frozenset[str]] = frozenset,
    ) -> None:
        """`demand_change` raises when nothing can be recorded now.

        `other_names` are taken by what is offered beside recipes.
        """
        self._store = store
        self._settings = settings
        self._secrets = secrets
        self._book = book
        self._fleet = fleet
        self._switchboard = switchboard
        self._board = board
        self._recipe_changed = recipe_changed
        self._demand_change = demand_change
        self._other_names = other_names
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self.COMMANDS: dict[type, Callable[[Any, str, str], Awaitable[Any]]] = {
            CreateRecipe: self._keep_recipe,
            ReviseRecipe: self._keep_recipe,
            ImportRecipe: self._keep_recipe,
            CloneRecipe: self._recipe,
            ArchiveRecipe: self._archive,
            RestoreRecipe: self._recipe,
            RequestSwitch: self._change,
            RequestLoad: self._change,
            RequestEvict: self._change,
            CancelChange: self._cancel,
            ChangeSettings: self._settings_changed,
        }

    async def handle(self, command: Any, *, actor: str, correlation_id: str | None = None) -> Any:
        """Carry out a command. Raises StudioError with a sentence for the person who asked."""
        see_to = self.COMMANDS.get(type(command))
        if see_to is None:
            raise Invalid(f"unknown command {type(command).__name__}")
        if not isinstance(command, CancelChange):
            self._demand_change()
        try:
            return await see_to(command, actor, correlation_id or uuid7())
        finally:
            self._board.changed()

    def submit(self, command: Any, *, actor: str) -> "concurrent.futures.Future[Any]":
        """The same from another thread, such as the tray's."""
        return asyncio.run_coroutine_threadsafe(self.handle(command, actor=actor), self._loop)

    def status(self) -> Status:
        """The newest picture; from any thread."""
        return self._board.current

    def look(self) -> Status:
        """A picture made now, for who must see what they just did; in the studio's loop."""
        return self._board.build()

    def listen(self, callback: Callable[[Status], None]) -> Callable[[], None]:
        """Called in the studio's loop with every new picture; returns how to stop."""
        return self._board.listen(callback)

    # ---- recipes --------------------------------------------------------------------------------

    async def _keep_recipe(
        self, command: CreateRecipe | ReviseRecipe | ImportRecipe, actor: str, correlation: str
    ) -> Any:
        """Secret values leave the recipe before it comes near the log."""
        kept = split_secrets(command.recipe, self._secrets)
        return await self._recipe(msgspec.structs.replace(command, recipe=kept), actor, correlation)

    def rehearse(self, commands: Sequence[ImportRecipe]) -> None:
        """Raise what carrying them out in turn would be refused with; change nothing."""
        for refusal in self.refusals(commands):
            if refusal is not None:
                raise refusal

    def refusals(self, commands: Sequence[ImportRecipe]) -> Iterator[StudioError | None]:
        """For each, what it would be refused with if those before it were carried out."""
        new_names: dict[str, str] = {}
        for command in commands:
            recipe_id = command.recipe_id
            others = {name for name, owner in new_names.items() if owner != recipe_id}
            taken = self.taken_names(recipe_id) | others
            state = RECIPES.fold(known_facts(self._store.read_events(f"recipe-{recipe_id}")))
            try:
                RECIPES.decide(msgspec.structs.replace(command, taken_names=taken), state)
            except StudioError as refusal:
                yield refusal
                continue
            new_names |= dict.fromkeys(command.recipe.names, recipe_id)
            yield None

    async def _recipe(self, command: Any, actor: str, correlation: str) -> Any:
        recipe_id = recipe_rules.recipe_id_of(command)
        if hasattr(command, "taken_names"):
            taken = self.taken_names(recipe_id)
            command = msgspec.structs.replace(command, taken_names=taken)
        recorded = await handle(
            self._store,
            f"recipe-{recipe_id}",
            RECIPES,
            command,
            actor=actor,
            correlation_id=correlation,
        )
        self._book.refresh()
        self._recipe_changed()
        return recorded

    def taken_names(self, recipe_id: str) -> frozenset[str]:
        """What others are called: a recipe of this id can not have these names."""
        return self._book.names_of_others(recipe_id) | self._other_names()

    async def _archive(self, command: ArchiveRecipe, actor: str, correlation: str) -> Any:
        """What is archived leaves memory too, after its running requests."""
        recorded = await self._recipe(command, actor, correlation)
        self._switchboard.request(
            RequestEvict(target=command.recipe_id, reason="its recipe was archived"),
            actor=actor,
            correlation_id=correlation,
            causation_id=recorded[-1].id if recorded else None,
        )
        return recorded

    # ---- what is resident -----------------------------------------------------------------------

    async def _change(
        self, command: RequestSwitch | RequestLoad | RequestEvict, actor: str, correlation: str
    ) -> Pending:
        """Queue it; the caller awaits `.begun` or `.done` as it likes."""
        if command.target is not None:
            entry = self._book.named(command.target)
            command = msgspec.structs.replace(command, target=entry.recipe.id)
            await self._see_to_what_runs(command, entry.recipe, actor, correlation)
        return self._switchboard.request(command, actor=actor, correlation_id=correlation)

    async def _see_to_what_runs(
        self,
        command: RequestSwitch | RequestLoad | RequestEvict,
        recipe: Recipe,
        actor: str,
        correlation: str,
    ) -> None:
        """A person's word about an engine that is not what its recipe is now.

        Asking for a changed recipe by hand starts it anew, after its running requests; evicting one
        also ends what was left alone at boot.
        """
        if isinstance(command, RequestEvict):
            await self._fleet.stop_left_alone(
                recipe.id, reason=command.reason, actor=actor, correlation_id=correlation
            )
        elif self._fleet.is_current(recipe) is False:
            self._switchboard.request(
                RequestEvict(
                    target=recipe.id,
                    reason="its recipe was changed, and is started anew",
                    force=command.force,
                ),
                actor=actor,
                correlation_id=correlation,
            )

    async def _cancel(self, command: CancelChange, actor: str, correlation: str) -> int:
        if command.target is not None:
            target = self._book.named(command.target).recipe.id
            command = CancelChange(target=target)
        return self._switchboard.cancel(command)

    # ---- settings -------------------------------------------------------------------------------

    async def _settings_changed(
        self, command: ChangeSettings, actor: str, correlation: str
    ) -> tuple[str, ...]:
        """Record what is different; answers with the keys that wait for a restart."""
        facts, need_restart = changes_as_facts(command, self._settings)
        if facts:
            await self._store.append("settings", facts, actor=actor, correlation_id=correlation)
            self._settings.change(command.changes)
        return need_restart
