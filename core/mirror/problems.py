"""What a database or the way to it can answer, as a sentence with what to do about it. Pure."""

import asyncpg

from core.errors import StudioError, Unavailable
from core.mirror.address import Address, wrong_address

# The first that fits: what it means, and what to do. {user}, {database} and {where} are filled in.
MEANINGS: tuple[tuple[tuple[type[BaseException], ...], str, str], ...] = (
    (
        (asyncpg.InvalidAuthorizationSpecificationError,),
        "does not let the user {user!r} in",
        "Check user and password in DATABASE_URL, and the server's pg_hba.conf.",
    ),
    (
        (asyncpg.InvalidCatalogNameError,),
        "has no database {database!r}",
        "Create it there (createdb), or correct DATABASE_URL.",
    ),
    (
        (asyncpg.InsufficientPrivilegeError,),
        "does not allow that to the user {user!r}: {reason}",
        "Let its owner run: grant create on database {database!r} to {user!r}.",
    ),
    (
        (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError),
        "has other tables in the schema vllm_studio than were made there: {reason}",
        "Drop the schema vllm_studio there: it is made anew, from the log.",
    ),
    (
        (asyncpg.ReadOnlySQLTransactionError,),
        "is only read: it is a standby, or was set so",
        "Name the primary in DATABASE_URL, or all hosts with ?target_session_attrs=primary.",
    ),
    (
        (asyncpg.InsufficientResourcesError,),
        "has no room: {reason}",
        "Make room there, or allow more connections; it is tried again by itself.",
    ),
    (
        (asyncpg.PostgresError,),
        "answered: {reason}",
        "See the server's own log; it is tried again by itself.",
    ),
    (
        (TimeoutError,),
        "did not answer in time",
        "Check that PostgreSQL runs there and can be reached; it is tried again by itself.",
    ),
    (
        (OSError, asyncpg.InterfaceError, asyncpg.InternalClientError),
        "can not be reached: {reason}",
        "Check that PostgreSQL runs there and can be reached; it is tried again by itself.",
    ),
)
FAILURES = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,  # and TimeoutError
)


def meaning_of(error: Exception, address: Address) -> StudioError:
    """One of FAILURES as a refusal for people. The driver's own words may repeat a password."""
    if isinstance(error, asyncpg.exceptions.ClientConfigurationError):
        return wrong_address()
    for kinds, what, todo in MEANINGS:
        if isinstance(error, kinds):
            words = {
                "user": address.user,
                "database": address.database,
                "reason": _first_line(error),
            }
            return Unavailable(
                f"{address.where} {what.format(**words)}",
                code="database-unavailable",
                next_action=todo.format(**words),
            )
    return Unavailable(f"{address.where} failed: {type(error).__name__}")


def _first_line(error: Exception) -> str:
    """Without the details and hints that follow: they may hold data."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return (str(error).splitlines() or [type(error).__name__])[0]
