"""Make an empty home the home of an exported log.

1. The export is checked: lines, roots, checkpoint. What does not hold is not imported.
2. The logs are made in a folder of their own, with their read models; after the last line comes
   `AuditImported`, and what was under way is told as ended (`loose_ends.py`).
3. They are moved to their places, the main log last: with it, and not before, the home has a log.

Whoever is killed on the way leaves a home without a log, and the next attempt begins anew.
"""

import contextlib
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from core.auditing.notes import NotesFolder, is_log_id, sync_folder
from core.errors import Invalid, Refused
from core.exports.loose_ends import loose_ends
from core.recipes.secrets_in_env import REFERENCE
from core.secrets import Secrets
from core.settings import Paths, Settings
from events.audit.bundles import BundleInvalid
from events.audit.exported import Exported
from events.audit.importing import write_log
from events.audit.manifest import ExportedLog, from_base64
from events.audit.sources import LiveLog
from events.errors import EventError, LogLocked
from events.facts import AuditImported
from events.lock import ProcessLock
from events.projections import ALL, USAGE
from events.projections.conversations import conversations
from events.projections.offers import providers
from events.projections.saved_recipes import saved_recipes
from events.projections.sealed_months import sealed_months
from events.store import EventStore

MAIN = "main"
MONTH = re.compile(r"usage-[0-9]{4}-[0-9]{2}")


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """What is here now, and what is missing, because no export holds it."""

    log_id: str
    events: int  # of all logs
    root: str  # of the main log, in base64
    logs: tuple[str, ...]
    sums: tuple[str, ...] = ()  # files of months whose single requests were erased
    recipes_without_secrets: tuple[str, ...] = ()
    providers_without_keys: tuple[str, ...] = ()
    unreadable_conversations: int = 0
    broken_read_models: tuple[str, ...] = ()


def bring(
    exported: Exported,
    settings: Settings,
    *,
    actor: str,
    told: Callable[[str, int], None] = lambda log, done: None,
) -> Arrival:
    """Import what was checked. `told` hears how many lines of which log are written.

    Raises Refused when the home has a log, Invalid when the export is only a part of one,
    EventError or OSError when it can not be written.
    """
    logs = whole_logs(exported)
    paths = settings.paths
    paths.create()
    with _alone(paths), _staging(paths) as staging:
        demand_empty(paths, {log.log: log.log_id for log in logs}, staging)
        for log in logs:
            _write(exported, log, staging, told)
        arrival = _finish(exported, logs, settings, staging, actor)
        _bring_sums(exported, arrival.sums, staging)
        _keep_notes(exported, logs, settings)
        _put_in_place(paths, staging)
    return arrival


def whole_logs(exported: Exported) -> list[ExportedLog]:
    """The main log first. Raises Invalid when one of them is not there from its beginning."""
    logs = {log.log: log for log in exported.manifest.logs}
    if MAIN not in logs or any(MONTH.fullmatch(name) is None for name in logs if name != MAIN):
        raise _no_home("it does not hold a studio's log")
    for log in logs.values():
        if not is_log_id(log.log_id):
            raise Invalid(f"{log.log_id!r:.80} is no identity of a log", code="export-invalid")
        if log.first != 1:
            raise _no_home(f"of {log.log} it holds only positions {log.first} to {log.last}")
    return [logs.pop(MAIN), *(logs[name] for name in sorted(logs))]


def demand_empty(paths: Paths, ours: Mapping[str, str], staging: Path | None = None) -> None:
    """Raise Refused when there is a log here.

    Books that an import left when it was killed while it put them in place are not in the way:
    its folder is still there, and they are of the logs that are to come (`ours`: log ids).
    """
    in_the_way = [
        path
        for files in ("main.db*", "usage-????-??.*")
        for path in sorted(paths.home.glob(files))
        if path.suffix in (".db", ".segment", ".rollup") or _is_of_another(path)
    ]
    for path in in_the_way:
        if path.stem == MAIN or not _is_left(path, ours, staging):
            raise Refused(
                f"there is a log here already: {path}",
                code="home-not-empty",
                next_action="import into an empty data directory, "
                "such as VLLM_STUDIO_HOME=~/imported vllm-studio audit import …, "
                "or move this one aside first",
            )


def _is_of_another(path: Path) -> bool:
    """A write-ahead file whose log was moved away: SQLite would take it for the new log's."""
    ahead = path.suffix == ".db-wal" and not path.with_suffix(".db").exists()
    return ahead and path.stat().st_size > 0


def _is_left(path: Path, ours: Mapping[str, str], staging: Path | None) -> bool:
    if staging is None or not (staging / MARK).exists():
        return False
    if path.suffix == ".rollup":
        return True  # it was moved with the others, and comes again
    try:
        book = LiveLog(path, path.stem)
    except EventError:
        return False
    book.close()
    return ours.get(book.name) == book.log_id


MARK = "moving"  # made before the first log is moved


@contextmanager
def _alone(paths: Paths) -> Iterator[None]:
    """Nobody starts a studio here meanwhile."""
    try:
        lock = ProcessLock.take(paths.main_db.with_name(paths.main_db.name + ".lock"))
    except LogLocked as error:
        raise Refused(
            f"this home is in use: {error}",
            code="home-in-use",
            next_action="end vLLM Studio first, or import into another data directory",
        ) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _staging(paths: Paths) -> Iterator[Path]:
    """A folder beside the log; what an import before left there is thrown away."""
    folder = paths.home / "importing"
    folder.mkdir(mode=0o700, exist_ok=True)
    for left in folder.iterdir():
        if left.name != MARK:
            left.unlink()
    try:
        yield folder
    except BaseException:
        if not (folder / MARK).exists():
            shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)


def _write(
    exported: Exported, log: ExportedLog, staging: Path, told: Callable[[str, int], None]
) -> None:
    try:
        tree = write_log(
            staging / f"{log.log}.db",
            exported.lines(log),
            told=lambda done: told(log.log, done),
        )
    except BundleInvalid as error:
        raise Invalid(f"the export can not be read: {error}", code="export-invalid") from error
    if tree.root() != from_base64(log.root):
        raise Invalid(f"{log.file} is not what it was when it was checked", code="export-changed")


def _finish(
    exported: Exported,
    logs: list[ExportedLog],
    settings: Settings,
    staging: Path,
    actor: str,
) -> Arrival:
    """Make the read models, and tell that the log was imported."""
    main, *books = logs
    for book in books:
        EventStore.open(staging / f"{book.log}.db", projections=USAGE).close()
    store = EventStore.open(staging / f"{MAIN}.db", projections=ALL)
    try:
        fact = AuditImported(
            source_log_id=main.log_id, events=sum(log.last for log in logs), root=main.root
        )
        [told] = store.append_now("audit", [fact], actor=actor)
        for stream, end in list(loose_ends(store)):
            store.append_now(stream, [end], actor=actor, causation_id=told.id)
        return _arrived(exported, store, logs, fact, settings)
    finally:
        store.close()


def _arrived(
    exported: Exported,
    store: EventStore,
    logs: list[ExportedLog],
    fact: AuditImported,
    settings: Settings,
) -> Arrival:
    secrets = Secrets(settings.paths.secrets)
    with store.reading() as connection:
        recipes = [
            saved.recipe_id
            for saved in saved_recipes(connection)
            if not all(_has(secrets, name) for name in _secrets_of(saved.recipe))
        ]
        keyless = [
            provider.id
            for provider in providers(connection)
            if (kept := provider.data.get("key_kept_as")) and not _has(secrets, str(kept))
        ]
        spoken = len(conversations(connection))
        erased = [month for month in sealed_months(connection) if month.pruned_at is not None]
    return Arrival(
        log_id=fact.source_log_id,
        events=fact.events,
        root=fact.root,
        logs=tuple(log.log for log in logs),
        sums=tuple(
            name
            for month in erased
            if _told(exported, name := f"usage-{month.month}.rollup") == month.rollup.get("sha256")
        ),
        recipes_without_secrets=tuple(recipes),
        providers_without_keys=tuple(keyless),
        unreadable_conversations=0 if settings.paths.keys_db.exists() else spoken,
        broken_read_models=tuple(store.broken_projections),
    )


def _has(secrets: Secrets, name: str) -> bool:
    with contextlib.suppress(Invalid):  # no name a secret can have: a log may say anything
        return secrets.get(name) is not None
    return False


def _secrets_of(recipe: Mapping[str, Any]) -> list[str]:
    """The names of the secrets that a saved recipe refers to."""
    env = recipe.get("env")
    values = env.values() if isinstance(env, Mapping) else ()
    return [
        value.removeprefix(REFERENCE)
        for value in values
        if isinstance(value, str) and value.startswith(REFERENCE)
    ]


def _told(exported: Exported, name: str) -> str:
    """The hash of a file, as the manifest tells it and the check found it; empty: not there."""
    file = exported.manifest.files.get(name)
    return file.sha256 if file is not None else ""


def _bring_sums(exported: Exported, names: Iterable[str], staging: Path) -> None:
    """The main log tells their hashes, so nobody else's are taken."""
    for name in names:
        with (staging / name).open("wb") as file:
            exported.copy(name, file)
            file.flush()
            os.fsync(file.fileno())


def _keep_notes(exported: Exported, logs: list[ExportedLog], settings: Settings) -> None:
    """Outside, where the next start looks: the log that comes is the one that was signed for."""
    folder = NotesFolder(settings.checkpoints)
    for log in logs:
        if log.checkpoint is not None:
            folder.append(exported.read(log.checkpoint).decode())


def _put_in_place(paths: Paths, staging: Path) -> None:
    (staging / MARK).touch()
    for book in sorted((*staging.glob("usage-*.db"), *staging.glob("usage-*.rollup"))):
        book.replace(paths.home / book.name)
    sync_folder(paths.home)
    (staging / f"{MAIN}.db").replace(paths.main_db)
    sync_folder(paths.home)


def _no_home(reason: str) -> Invalid:
    return Invalid(
        f"this export can not become a log: {reason}",
        code="export-not-whole",
        next_action="export without --from and --until, and import that",
    )
