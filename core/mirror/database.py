"""The PostgreSQL side: tables made and brought forward, rows and the place they reach, together.

A page of facts and the place in its log are written in one transaction, and only when the place
is still where this mirror left it. So a page is written once, however often anybody is killed,
and whoever writes the same log beside us is noticed.

The facts go over as the JSON they are in the log; PostgreSQL makes columns of it. That takes the
studio's loop a few microseconds a fact, where COPY would encode every value of every row in it.
"""

import contextlib
from collections.abc import AsyncIterator, Sequence

import asyncpg

from core.errors import Refused
from core.mirror.address import Address
from core.mirror.rows import KEYS, REQUESTS, KeyChange, key_change, request_data
from core.mirror.schema import COLUMNS, MIGRATIONS
from core.mirror.sources import Place, Source
from events.projections.facts_since import Line

STATEMENT_S = 30.0
MIGRATION_S = 600.0
MIGRATION_LOCK = 0x764C_5354  # of studios that find an empty database at the same time
BEGIN = (
    "begin; set local idle_in_transaction_session_timeout = '60s'; set local lock_timeout = '20s'"
)

_RECORD = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
INSERT_REQUESTS = f"""
insert into vllm_studio.requests
  (origin, log, position, finished_at, day, key_id, {", ".join(COLUMNS)}, extra)
select $1::uuid, $2::uuid, e.position, e.finished_at,
  coalesce(substring(e.stream from '^usage-(\\d{{4}}-\\d{{2}}-\\d{{2}})$')::date,
           (e.finished_at at time zone 'UTC')::date),
  substring(r.actor from '^key:(.*)$'),
  {", ".join(f"r.{name}" for name in COLUMNS)},
  case when e.fits then nullif(e.data - $7::text[], '{{}}') else e.data end
from (
  select position, stream, fits, data::jsonb as data,
    timestamptz 'epoch' + recorded_at * interval '1 microsecond' as finished_at
  from unnest($3::bigint[], $4::text[], $5::bigint[], $6::text[], $8::bool[])
    as line(position, stream, recorded_at, data, fits)
) e
cross join lateral
  jsonb_to_record(case when e.fits then e.data else '{{}}' end) as r({_RECORD})
"""

_TIME = "timestamptz 'epoch' + ${}::bigint * interval '1 microsecond'"
_KEY = ("name", "prefix", "issued_at", "issued_by", "expires_at", "revoked_at", "revoked_by")
SAVE_KEY = f"""
insert into vllm_studio.keys as k (origin, key_id, {", ".join(_KEY)}, limits)
values ($1, $2, $3, $4, {_TIME.format(5)}, $6, {_TIME.format(7)}, {_TIME.format(8)}, $9, $10::jsonb)
on conflict (origin, key_id) do update set
  {", ".join(f"{name} = coalesce(excluded.{name}, k.{name})" for name in (*_KEY, "limits"))}
"""
REINSTATE_KEY = """
update vllm_studio.keys set revoked_at = null, revoked_by = null where origin = $1 and key_id = $2
"""

MOVE = """
update vllm_studio.mirror_progress
set position = $4, event = $5, host = $6, moved_at = now()
where log = $1 and position = $2 and event = $3
"""


class Database:
    """One connection, for one studio. Whatever it raises, it is to be ended and opened anew."""

    def __init__(
        self, connection: "asyncpg.Connection[asyncpg.Record]", origin: str, host: str
    ) -> None:
        self._connection = connection
        self._origin = origin
        self._host = host

    @classmethod
    async def open(
        cls, address: Address, *, origin: str, host: str, connect_s: float
    ) -> "Database":
        """Connect. Raises what the driver raises (`problems.FAILURES`)."""
        try:
            connection = await asyncpg.connect(
                address.url,
                timeout=connect_s,
                command_timeout=STATEMENT_S,
                statement_cache_size=0,  # somebody may change the tables, or pool connections
                server_settings={"application_name": "vllm-studio"},
            )
        except ValueError as error:  # a port that is no number, and the like
            raise asyncpg.exceptions.ClientConfigurationError("no address") from error
        return cls(connection, origin, host)

    def end(self) -> None:
        """Let go at once; an open transaction is undone by the server."""
        self._connection.terminate()

    async def version(self) -> str:
        """The server's version, such as "15.18"."""
        return str(await self._connection.fetchval("show server_version")).split(" ")[0]

    async def prepare(self, studio_version: str) -> None:
        """Make the tables, or bring them to this version; say who writes here.

        Raises Refused when a newer studio has brought them further than this one knows.
        """
        if await self._schema_version() < len(MIGRATIONS):
            await self._migrate()
        if await self._schema_version() > len(MIGRATIONS):
            raise Refused(
                "the tables in the database are those of a newer vLLM Studio",
                code="database-newer",
                next_action="Update this vLLM Studio; what is missing is mirrored then.",
            )
        async with self._transaction():
            await self._connection.execute(
                "insert into vllm_studio.studios values ($1, $2, $3, now())"
                " on conflict (origin) do update set"
                " host = excluded.host, version = excluded.version, started_at = now()",
                self._origin,
                self._host,
                studio_version,
            )

    async def place(self, log: str) -> tuple[Place, str] | None:
        """How far a log is mirrored, and by whom; None: it never was."""
        row = await self._connection.fetchrow(
            "select position, event, host from vllm_studio.mirror_progress where log = $1", log
        )
        if row is None:
            return None
        return Place(position=row["position"], event=row["event"]), row["host"]

    async def begin(self, source: Source) -> Place:
        """Mirror a log from its beginning, whatever of it was there."""
        async with self._transaction():
            execute = self._connection.execute
            await execute("delete from vllm_studio.requests where log = $1", source.log)
            await execute("delete from vllm_studio.keys where origin = $1", source.log)
            await execute(
                "insert into vllm_studio.mirror_progress values ($1, $2, $3, 0, '', $4, now())"
                " on conflict (log) do update set position = 0, event = '', moved_at = now()",
                source.log,
                self._origin,
                source.name,
                self._host,
            )
        return Place()

    async def write(
        self, source: Source, before: Place, lines: Sequence[Line], after: Place
    ) -> None:
        """Write what stands between two places of a log, and that it reaches `after`.

        What PostgreSQL can not take is looked for by halves, and kept as well as it can be.
        """
        try:
            await self._write(source, before, lines, after, "columns")
        except asyncpg.DataError:
            if len(lines) > 1:
                half = len(lines) // 2
                middle = Place(position=lines[half - 1].position, event=lines[half - 1].id)
                await self.write(source, before, lines[:half], middle)
                await self.write(source, middle, lines[half:], after)
                return
            try:
                await self._write(source, before, lines, after, "extra")
            except asyncpg.DataError:
                await self._write(source, before, lines, after, "bare")

    async def _write(
        self, source: Source, before: Place, lines: Sequence[Line], after: Place, shape: str
    ) -> None:
        async with self._transaction():
            await self._move(source, before, after)
            if requests := [line for line in lines if line.type in REQUESTS]:
                await self._insert(source.log, requests, shape)
            for line in lines if shape != "bare" else ():
                if line.type in KEYS and (change := key_change(line)) is not None:
                    await self._save_key(change)

    async def _move(self, source: Source, before: Place, after: Place) -> None:
        done = await self._connection.execute(
            MOVE,
            source.log,
            before.position,
            before.event,
            after.position,
            after.event,
            self._host,
        )
        if done != "UPDATE 1":
            raise Refused(
                f"somebody else mirrors the same {source.name} to this database",
                code="database-contended",
                next_action="Two studios must not run on copies of one data directory.",
            )

    async def _insert(self, log: str, lines: Sequence[Line], shape: str) -> None:
        told = [request_data(line) for line in lines]
        await self._connection.execute(
            INSERT_REQUESTS,
            self._origin,
            log,
            [line.position for line in lines],
            [line.stream for line in lines],
            [line.recorded_at for line in lines],
            ["{}" if shape == "bare" else data for data, _ in told],
            list(COLUMNS),
            [fits and shape == "columns" for _, fits in told],
        )

    async def _save_key(self, key: KeyChange) -> None:
        values = [getattr(key, name) for name in ("key_id", *_KEY, "limits")]
        await self._connection.execute(SAVE_KEY, self._origin, *values)
        if key.reinstated:
            await self._connection.execute(REINSTATE_KEY, self._origin, key.key_id)

    async def _schema_version(self) -> int:
        """The newest migration that was carried out; 0 when there is nothing."""
        if await self._connection.fetchval("select to_regclass('vllm_studio.migrations')") is None:
            return 0
        newest = await self._connection.fetchval("select max(version) from vllm_studio.migrations")
        return int(newest or 0)

    async def _migrate(self) -> None:
        """One studio at a time; who comes second finds the work done."""
        execute = self._connection.execute
        async with self._transaction():
            await execute("set local lock_timeout = 0")
            await execute(f"select pg_advisory_xact_lock({MIGRATION_LOCK})", timeout=MIGRATION_S)
            known = "select 1 from pg_namespace where nspname = 'vllm_studio'"
            if await self._connection.fetchval(known) is None:  # else no right to is needed
                await execute("create schema vllm_studio")
            await execute(
                "create table if not exists vllm_studio.migrations"
                " (version integer primary key, applied_at timestamptz not null default now())"
            )
            done = await self._schema_version()
            for version, statements in enumerate(MIGRATIONS[done:], start=done + 1):
                await execute(statements, timeout=MIGRATION_S)
                await execute("insert into vllm_studio.migrations values ($1)", version)

    @contextlib.asynccontextmanager
    async def _transaction(self) -> AsyncIterator[None]:
        """Undone by the server when anything but its own refusal interrupts it.

        Not the driver's own: that would wait for a rollback also when the server answers nothing.
        """
        try:
            await self._connection.execute(BEGIN)
            yield
            await self._connection.execute("commit")
        except asyncpg.PostgresError:
            with contextlib.suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
                await self._connection.execute("rollback")
            raise
        except BaseException:
            self._connection.terminate()
            raise
