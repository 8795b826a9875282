"""The studio of a moment, read out of the read models that were folded up to it."""

import sqlite3
from typing import Any

import msgspec

from core.past.tools import ToolsThen, tools_of
from events.facts.key import KeyLimits
from events.projections.changes_under_way import ChangeUnderWay, changes_under_way
from events.projections.engine_runs import EngineRun, engine_runs
from events.projections.failed_starts import FailedStarts, failed_starts
from events.projections.keys_in_force import issued_keys
from events.projections.load_times import load_times
from events.projections.offers import SavedOffer, providers, virtual_models
from events.projections.runtimes_installed import RuntimeRow, runtimes_installed
from events.projections.saved_recipes import SavedRecipe, saved_recipes
from events.projections.services import Service, services
from events.projections.settings_in_force import settings_in_force
from events.projections.unknown_kinds import UnknownKind, unknown_kinds


class KeyThen(msgspec.Struct, frozen=True, kw_only=True):
    """A key as it stood; never its secret, nor the hash of it."""

    key_id: str
    name: str
    prefix: str  # the secret's first letters, by which a person knows it again
    state: str  # in-force | expired | revoked
    issued_at: int  # µs since the epoch
    issued_by: str
    expires_at: int | None
    revoked_at: int | None
    revoked_by: str | None
    limits: KeyLimits


class OfferThen(msgspec.Struct, frozen=True, kw_only=True):
    """A virtual model or a provider as it was saved last; never a provider's API key."""

    id: str
    data: dict[str, Any]
    saved_at: int  # µs since the epoch
    saved_by: str


class State(ToolsThen, frozen=True, kw_only=True):
    """Everything the pages show that the log knows, as of one position."""

    position: int
    recorded_at: int | None  # µs since the epoch: of the event there; None before the first
    services: dict[str, Service]  # studio, gateway: whether they ran, and what was routed
    recipes: list[SavedRecipe]
    archived: list[SavedRecipe]
    engines: list[EngineRun]  # those believed alive, newest first
    ended: list[EngineRun]  # of each recipe the run that ended last
    ready: list[str]  # recipe ids whose engine answered
    changes: list[ChangeUnderWay]
    failed_starts: list[FailedStarts]
    load_s: dict[str, float]  # recipe id → seconds that its next load was expected to take
    settings: dict[str, Any]  # those that were changed
    keys: list[KeyThen]
    virtual_models: list[OfferThen]
    providers: list[OfferThen]
    runtimes: list[RuntimeRow]
    unknown: list[UnknownKind]  # events that this version does not know, and so are not in here


def state_of(connection: sqlite3.Connection, position: int, recorded_at: int | None) -> State:
    """Read all of it; `connection` holds the read models of `events.projections.present`."""
    runs = engine_runs(connection)
    return State(
        position=position,
        recorded_at=recorded_at,
        services=services(connection),
        recipes=saved_recipes(connection),
        archived=saved_recipes(connection, archived=True),
        engines=[run for run in runs if run.alive],
        ended=[run for run in runs if not run.alive],
        ready=sorted(run.recipe_id for run in runs if run.state == "ready"),
        changes=changes_under_way(connection),
        failed_starts=sorted(failed_starts(connection).values(), key=lambda one: one.recipe_id),
        load_s=load_times(connection),
        settings=settings_in_force(connection),
        keys=_keys(connection, recorded_at or 0),
        virtual_models=[_offer(one) for one in virtual_models(connection)],
        providers=[_offer(one) for one in providers(connection)],
        runtimes=runtimes_installed(connection),
        unknown=unknown_kinds(connection),
        **msgspec.structs.asdict(tools_of(connection)),
    )


def _keys(connection: sqlite3.Connection, now: int) -> list[KeyThen]:
    found = []
    for key in issued_keys(connection):
        told = {name: getattr(key, name) for name in KeyThen.__struct_fields__ if name != "state"}
        over = key.expires_at is not None and key.expires_at <= now
        state = "revoked" if key.revoked_at is not None else "expired" if over else "in-force"
        found.append(KeyThen(**told, state=state))
    return found


def _offer(saved: SavedOffer) -> OfferThen:
    data = {name: value for name, value in saved.data.items() if name != "key_kept_as"}
    return OfferThen(id=saved.id, data=data, saved_at=saved.saved_at, saved_by=saved.saved_by)
