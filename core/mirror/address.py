"""Where the database is: the address as it may be shown, and the password that may not. Pure."""

import re
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from core.errors import Invalid

SCHEMES = ("postgresql", "postgres")
HOST = re.compile(r"(\[[0-9A-Fa-f:.%]+\]|[^:\[\]]*)(:\d+)?")
NEXT_ACTION = (
    "Set DATABASE_URL to postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with special characters of"
    " the password percent-encoded (@ as %40, / as %2F), and start again."
)


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """A database. Only `where` may be shown to anybody."""

    url: str
    where: str  # without password and options
    user: str
    database: str
    passwords: tuple[str, ...]  # as written and as meant, to be masked wherever text leaves

    def __repr__(self) -> str:
        return f"Address({self.where})"


def address_of(url: str) -> Address:
    """Take DATABASE_URL apart. Raises Invalid, whose message repeats nothing of it.

    A password with an unescaped "/", "?" or "#" ends the address early, and what follows looks
    like a host: then nothing of it is shown.
    """
    try:
        parts = urlsplit(url)
        options = parse_qs(parts.query)
    except ValueError as error:
        raise wrong_address() from error
    userinfo, _, hosts = parts.netloc.rpartition("@")
    user, _, password = userinfo.partition(":")
    options_text = parts.query if "=" not in parts.query else ""
    cut_short = not userinfo and "@" in f"{parts.path}{options_text}{parts.fragment}"
    if parts.scheme not in SCHEMES or cut_short or not all(map(HOST.fullmatch, hosts.split(","))):
        raise wrong_address()
    hosts = hosts or ",".join(options.get("host", ()))
    found = {password, unquote(password), *options.get("password", ())} - {""}
    return Address(
        url=url,
        where=f"postgresql://{user}{'@' if user else ''}{hosts}{parts.path}",
        user=unquote(user),
        database=unquote(parts.path.lstrip("/")),
        passwords=tuple(sorted(found)),
    )


def wrong_address() -> Invalid:
    """The refusal of what is no address."""
    return Invalid(
        "DATABASE_URL is not the address of a PostgreSQL database",
        field="database_url",
        code="database-url",
        next_action=NEXT_ACTION,
    )
