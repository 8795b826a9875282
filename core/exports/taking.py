"""Take a picture of a home's logs, to be exported: how long each is, and what proves it.

1. The checkpoint comes first: what it signs for is what is exported, to the last line.
2. The logs are opened and their sizes fixed. From here on they may go on growing.
3. Whoever asked is recorded, after the picture, so that it is not part of it.
4. The lines are written (`events.audit.export`).
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

from core.auditing.key import read_seed, recorded_keys, verifiers_for
from core.auditing.notes import NotesFolder
from core.errors import NotFound
from core.exports.wish import Bound, Wish
from core.secrets import Secrets
from core.settings import Paths, Settings
from core.version import studio_version
from events import reading
from events.audit.checkpoint import Checkpoint, origin_of
from events.audit.export import Export, LogToExport
from events.audit.manifest import CHECKER, to_base64
from events.audit.note import Verifier
from events.audit.sources import LiveLog, LogSource, SealedLog
from events.connections import open_reader
from events.errors import EventError
from events.facts import AuditCheckpointed, AuditExported

Sign = Callable[[Checkpoint], str]
MAIN = "main"


class Taken:
    """A picture: `export` is to be carried out, `fact` tells of it. Close it afterwards."""

    def __init__(
        self,
        settings: Settings,
        wish: Wish,
        *,
        now: int,
        fresh: AuditCheckpointed | None = None,
        sign: Sign | None = None,
        warnings: Sequence[str] = (),
    ) -> None:
        """`fresh` is the checkpoint that was made for it, `sign` signs for the other logs.

        Without them the newest notes that are there are taken, and lines after them are exported
        unsigned. Raises EventError when the main log can not be read, NotFound when there are no
        such lines.
        """
        self._wish = wish
        self._sign = sign
        self._warnings = list(warnings)
        self._notes = NotesFolder(settings.checkpoints)
        self._opened: list[LogSource] = []
        try:
            main = LiveLog(settings.paths.main_db, MAIN)
            self._opened.append(main)
            self._keys, self._told = _recorded(settings)
            self.main = self._of_main(main, fresh)
            logs = [*([self.main] if self.main else []), *self._of_usage(settings.paths)]
            if not logs:
                raise NotFound(
                    "nothing was recorded then",
                    code="nothing-to-export",
                    next_action=f"the log has positions 1 to {main.size}",
                )
            whole = wish.usage and wish.since is None and wish.until is None
            self._sums = sums_of_erased(settings.paths) if whole else {}
            self.export = self._exporting(logs, now)
        except BaseException:
            self.close()
            raise

    @property
    def fact(self) -> AuditExported:
        """Who knows what was taken, knows what may be elsewhere now."""
        main = self.main
        return AuditExported(
            format=self._wish.lines,
            first=main.first if main else 0,
            last=main.last if main else 0,
            events=self.export.events,
            root=(to_base64(main.source.root(0, main.last)) if main and main.first == 1 else None),
        )

    def close(self) -> None:
        """Let go of the logs."""
        for source in self._opened:
            source.close()

    def _of_main(self, source: LogSource, fresh: AuditCheckpointed | None) -> LogToExport | None:
        size = fresh.size if fresh is not None else source.size
        first, last = _span(source, self._wish, size)
        if first > last:
            return None
        note = fresh.note if fresh is not None else self._newest_note(source)
        return LogToExport(source=source, first=first, last=last, note=note)

    def _of_usage(self, paths: Paths) -> Iterator[LogToExport]:
        if not self._wish.usage:
            return
        if self._wish.by_position:
            self._warnings.append(
                "the books of requests have positions of their own and are left out"
            )
            return
        for opened in usage_logs(paths, self._warnings):
            self._opened.append(opened)
            first, last = _span(opened, self._wish, opened.size)
            if first <= last:
                note = self._note_for(opened)
                yield LogToExport(source=opened, first=first, last=last, note=note)

    def _note_for(self, source: LogSource) -> str | None:
        if isinstance(source, SealedLog) and source.note:
            return source.note
        if self._sign is None:
            return self._newest_note(source)
        root = source.root(0, source.size)
        return self._sign(Checkpoint(origin_of(source.log_id), source.size, root))

    def _newest_note(self, source: LogSource) -> str | None:
        """Outside, or in the main log, whichever tells more."""
        found: list[tuple[int, str]] = []
        verifiers = self._verifiers(source.log_id)
        with contextlib.suppress(OSError):
            kept = self._notes.newest(source.log_id, verifiers)
            if kept is not None:
                found.append((kept.checkpoint.size, kept.note))
        if (told := self._told.get(source.log_id)) is not None:
            found.append((told.size, told.note))
        return max(found, default=(0, None))[1]

    def _verifiers(self, log_id: str) -> tuple[Verifier, ...]:
        return verifiers_for(log_id, self._keys[0], self._keys[1])

    def _exporting(self, logs: Sequence[LogToExport], now: int) -> Export:
        keys = [str(key) for log in logs for key in self._verifiers(log.source.log_id)]
        return Export(
            logs,
            lines=self._wish.lines,
            keys=keys,
            tools={CHECKER: checker()},
            files=self._sums,
            made_at=datetime.fromtimestamp(now / 1e6, UTC).isoformat(timespec="seconds"),
            made_by=f"vLLM Studio {studio_version()}",
            warnings=self._warnings,
        )


def usage_logs(paths: Paths, warnings: list[str]) -> Iterator[LogSource]:
    """The books of requests, oldest first; of one that can not be read there is a warning."""
    books = {path.stem: path for path in paths.home.glob("usage-????-??.segment")}
    books |= {path.stem: path for path in paths.home.glob("usage-????-??.db")}
    for name, path in sorted(books.items()):
        try:
            yield SealedLog(path) if path.suffix == ".segment" else LiveLog(path, name)
        except EventError as error:
            warnings.append(f"{path.name} is left out: {error}")


def sums_of_erased(paths: Paths) -> dict[str, Path]:
    """What months added up to whose single requests are erased: nothing else is left of them."""
    return {
        path.name: path
        for path in sorted(paths.home.glob("usage-????-??.rollup"))
        if not any(path.with_suffix(kind).exists() for kind in (".db", ".segment"))
    }


def checker() -> bytes:
    """The program that checks an export with nothing of ours."""
    return resources.files("events.audit").joinpath(CHECKER).read_bytes()


def _span(source: LogSource, wish: Wish, size: int) -> tuple[int, int]:
    """First and last position; none when the first is the greater."""

    def value(bound: Bound | None) -> int | None:
        return None if bound is None else bound.value

    if wish.by_position:
        return max(1, value(wish.since) or 1), min(size, _or(value(wish.until), size))
    if wish.since is None and wish.until is None:
        return 1, size
    first, last = source.span(value(wish.since), value(wish.until))
    return first, min(last, size)


def _or(value: int | None, otherwise: int) -> int:
    return otherwise if value is None else value


def _recorded(
    settings: Settings,
) -> tuple[tuple[list[str], bytes | None], dict[str, AuditCheckpointed]]:
    """The keys that the log tells and has, and the newest checkpoint of each log in it."""
    seed = read_seed(Secrets(settings.paths.secrets))
    told: dict[str, AuditCheckpointed] = {}
    with contextlib.closing(open_reader(settings.paths.main_db)) as connection:
        keys = recorded_keys(connection)
        newest = reading.read_all(
            connection, limit=200, newest_first=True, types=("audit-checkpointed",)
        )
    for recorded in newest:
        if isinstance(fact := recorded.event, AuditCheckpointed):
            told.setdefault(fact.log_id, fact)
    return (keys, seed), told


def target_of(path: Path | None, now: int) -> Path:
    """Where an export goes when nobody says."""
    if path is not None:
        return path
    moment = datetime.fromtimestamp(now / 1e6).strftime("%Y-%m-%d-%H%M%S")
    return Path(f"vllm-studio-export-{moment}")
