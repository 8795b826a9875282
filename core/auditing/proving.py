"""Proofs about the logs of a home, under every checkpoint there is of them, also with nobody in."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from core.auditing.key import read_seed, recorded_keys
from core.auditing.verification import outside_notes
from core.errors import NotFound, Unavailable
from core.secrets import Secrets
from core.settings import Settings
from events.audit.checkpoint import signer_for
from events.audit.prove import NoSuchPlace, Prover
from events.audit.sources import LiveLog, LogSource, SealedLog
from events.audit.told import MAIN, told
from events.connections import open_reader
from events.errors import EventError, from_sqlite


@contextmanager
def prover(settings: Settings, secrets: Secrets, log: str = MAIN) -> Iterator[Prover]:
    """Who proves what one log holds: "main", or a month's, as in usage-2026-11.

    Raises NotFound when there is no such log or nothing at the place that is asked for, and
    Unavailable when nothing can be proved of it.
    """
    try:
        notes, keys = _signed(settings, secrets, log)
        source = _source(settings, log)
        try:
            yield Prover(source, notes, keys)
        finally:
            source.close()
    except NoSuchPlace as error:
        raise NotFound(str(error), code="no-such-place") from error
    except EventError as error:
        raise Unavailable(
            str(error),
            code="log-does-not-hold",
            next_action="see what is wrong with `vllm-studio audit verify`",
        ) from error


def _signed(settings: Settings, secrets: Secrets, log: str) -> tuple[list[str], list[str]]:
    """Notes and verifier keys: those that the main log tells, those outside, the key at hand."""
    try:
        connection = open_reader(settings.paths.main_db)
        try:
            about, keys = told(connection), recorded_keys(connection)
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise from_sqlite(error) from error
    seed = read_seed(secrets)
    if seed is not None:
        keys.append(str(signer_for("studio", seed).verifier))
    notes = [placed.fact.note for placed in about.about(log)]
    return notes + outside_notes(settings.checkpoints), keys


def _source(settings: Settings, log: str) -> LogSource:
    if log == MAIN:
        return LiveLog(settings.paths.main_db, MAIN)
    month = log.removeprefix("usage-")
    live = settings.paths.home / f"usage-{month}.db"
    sealed = settings.paths.usage_segment(month)
    if len(month) != 7 or not month.replace("-", "").isdigit():
        raise NotFound(f"there is no log {log!r:.40}", code="no-such-log")
    if live.exists():
        return LiveLog(live, log)
    if sealed.exists():
        return SealedLog(sealed)
    raise NotFound(f"there is no log {log}", code="no-such-log")
