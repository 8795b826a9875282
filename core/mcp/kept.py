"""What a person's sign-in at a server gave, kept with the other secrets and bound to its address.

    mcp-sign-in.<server>.access         the token that goes along
    mcp-sign-in.<server>.refresh        what it is renewed with
    mcp-sign-in.<server>.client-secret  ours, where registering gave one
    mcp-sign-in.<server>.about          everything else, as JSON

A file each, so that each is masked in whatever is written down. Of an access token that has not
been renewed yet nothing is lost when the app dies between two of them.
"""

from collections.abc import Callable

import msgspec

from core.clock import Clock
from core.mcp.server import McpServer
from core.secrets import Secrets

LONGEST_S = 10 * 366 * 86_400  # that a token is taken to hold
PARTS = ("refresh", "client-secret", "access", "about")  # in the order in which they are written


class About(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in without what is secret in it."""

    url: str  # of the server as it was saved then; for another one it is worth nothing
    origin: str  # of that address, with its places filled
    issuer: str
    token_endpoint: str
    client_id: str
    auth_method: str = "none"  # how we prove at the token endpoint who we are
    resource: str = ""  # what the tokens are for (RFC 8707); empty: it is not said
    scope: str = ""
    expires_at: int | None = None  # µs since the epoch; None: nobody said
    revocation_endpoint: str = ""  # where tokens are taken back (RFC 7009); empty: nowhere
    mark: str = ""  # of this sign-in, over every renewal; the next may be somebody else's


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in with its tokens. Never to be shown."""

    about: About
    access: str
    refresh: str = ""
    client_secret: str = ""

    def __repr__(self) -> str:
        return f"SignedIn({self.about.issuer})"


class Kept:
    """The sign-ins of one home. One reader and writer: the studio's loop."""

    def __init__(self, secrets: Secrets, clock: Clock, ended: Callable[[str, str], None]) -> None:
        """`ended` is told of a sign-in that is worth nothing any more: whose, and why."""
        self._secrets = secrets
        self._clock = clock
        self._ended = ended
        self._known: dict[str, SignedIn | None] = {}

    def of(self, server: McpServer) -> SignedIn | None:
        """The one that holds for this server at this address."""
        found = self._at_hand(server.name)
        return found if found is not None and found.about.url == server.url else None

    def held(self, server: str) -> SignedIn | None:
        """What is kept under its name, for whichever address."""
        return self._at_hand(server)

    def mark_of(self, server: McpServer) -> str:
        """Stands for who is signed in there; empty: nobody is."""
        found = self.of(server)
        return found.about.mark if found is not None else ""

    def is_for(self, server: McpServer) -> bool:
        """Whether what is kept under its name, if anything, was given for its address."""
        return self._at_hand(server.name) is self.of(server)

    def is_over(self, signed_in: SignedIn) -> bool:
        """Whether its access token has run out, as far as was said."""
        expires_at = signed_in.about.expires_at
        return expires_at is not None and self._clock.now() >= expires_at

    def expires_at(self, seconds: int | None) -> int | None:
        """When what was given now for so many seconds runs out, in µs since the epoch."""
        if seconds is None:
            return None
        return self._clock.now() + min(max(seconds, 0), LONGEST_S) * 1_000_000

    def put(self, server: str, signed_in: SignedIn) -> None:
        """Keep it in the place of the one before. Raises OSError; it holds here all the same."""
        self._known[server] = signed_in
        parts = {
            "refresh": signed_in.refresh,
            "client-secret": signed_in.client_secret,
            "access": signed_in.access,
            "about": msgspec.json.encode(signed_in.about).decode(),
        }
        for part in PARTS:
            if parts[part]:
                self._secrets.put(_name(server, part), parts[part])
            else:
                self._secrets.delete(_name(server, part))

    def forget(self, server: str) -> bool:
        """Nothing of it is left; whether there was something."""
        there = self._secrets.get(_name(server, "access")) is not None
        for part in reversed(PARTS):
            self._secrets.delete(_name(server, part))
        self._known[server] = None
        return there

    def end(self, server: str, reason: str) -> None:
        """Forget one that is worth nothing any more, and say so."""
        if self.forget(server):
            self._ended(server, reason)

    def _at_hand(self, server: str) -> SignedIn | None:
        if server not in self._known:
            self._known[server] = self._read(server)
        return self._known[server]

    def _read(self, server: str) -> SignedIn | None:
        found = {part: self._secrets.get(_name(server, part)) or "" for part in PARTS}
        if not found["access"] or not found["about"]:
            return None
        try:
            about = msgspec.json.decode(found["about"], type=About)
        except msgspec.MsgspecError:
            return None  # cut short, or of a version that keeps it otherwise: to be given anew
        return SignedIn(
            about=about,
            access=found["access"],
            refresh=found["refresh"],
            client_secret=found["client-secret"],
        )


def _name(server: str, part: str) -> str:
    return f"mcp-sign-in.{server}.{part}"
