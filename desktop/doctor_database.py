"""The doctor's look at the PostgreSQL database to which usage is mirrored."""

import asyncio
from collections.abc import Iterator

from core.errors import StudioError
from core.mirror.address import Address, address_of
from core.settings import Settings
from desktop.check import Check, fail, ok, warn

NAME = "database"
CONNECT_S = 5.0


def database(settings: Settings) -> Iterator[Check]:
    """One line when DATABASE_URL is set. Requests are served also while it is away."""
    if not settings.database_url:
        return
    try:
        address = address_of(settings.database_url)
    except StudioError as wrong:
        yield fail(NAME, wrong.message, wrong.next_action)
        return
    try:
        version = asyncio.run(_version(address))
    except StudioError as away:
        yield warn(NAME, away.message, away.next_action)
    else:
        yield ok(NAME, f"PostgreSQL {version} at {address.where}")


async def _version(address: Address) -> str:
    """Raises StudioError with what keeps us out."""
    from core.mirror.database import Database  # its driver, for those who have a database
    from core.mirror.problems import FAILURES, meaning_of

    try:
        server = await Database.open(address, origin="", host="", connect_s=CONNECT_S)
        try:
            return await server.version()
        finally:
            server.end()
    except FAILURES as error:
        raise meaning_of(error, address) from error
