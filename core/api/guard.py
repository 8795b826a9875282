"""Who may talk to us at all: decided before routing, in plain ASGI, cheap enough for the hot path.

Without a key, only requests that a page of ours or a local program would send get through: the
`Host` must be loopback (against DNS rebinding) and an `Origin`, if there is one, must be ours
(against cross-site requests). Where a key is demanded, every request but the health checks and the
window's own files must carry one: `VLLM_STUDIO_API_KEY`, the owner's token, or a named key, which
opens what its scopes say. A named key that is unknown, expired or revoked is refused wherever it is
presented.

Pages of other origins get through to `/v1` alone, and only those that the settings allow.
"""

import hmac
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from litestar.utils.path import normalize_path

from core.api.asking import ACTORS, Asking
from core.api.credentials import presented_key
from core.api.refusals import Send, preflight_answer, refuse, while_allowed, with_origin
from core.gateway.straight import Whole
from core.keys.keyring import Known, Unknown, is_ours
from core.keys.scopes import refused

OPEN_PATHS = ("/health", "/health/ready")
GUARDED = ("/api", "/v1", "/metrics", "/schema")
V1 = "/v1/"  # as clients write it; other spellings are left to the router
OWNER = b"x-studio-owner"
READS = "GET"  # what a websocket counts as where scopes tell reading from changing
LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")

Refusal = tuple[int, str, str]  # status, code, sentence
CheckKey = Callable[[bytes], Known | Unknown]
GoStraight = Callable[[Whole, str], bool]


class ASGIApp(Protocol):
    """Any ASGI application."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one connection."""
        ...


class Verdict(NamedTuple):
    """What is known of a request by its method, path and headers."""

    refusal: Refusal | None
    foreign: bytes | None  # the origin of a page that is none of ours
    given: bytes | None  # the key that was presented
    asking: Asking
    named: Known | Unknown | None  # what was said of that key


class Guard:
    """Wraps the application; leaves the asker in `scope["state"]`."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        v1: ASGIApp | None = None,
        port: int,
        host: str,
        api_key: str | None,
        owner_token: str,
        allowed_origins: Callable[[], tuple[str, ...]] = lambda: (),
        check_key: CheckKey = lambda secret: Unknown(reason="this API key is not known here"),
        in_force: Callable[[Known], bool] = lambda known: False,
        require_key: Callable[[], bool] = lambda: False,
        straight: GoStraight | None = None,
    ) -> None:
        """`check_key` judges keys of ours; `require_key` says whether nobody gets in without.

        `in_force` says whether what was said of a key still stands, as nothing of it has changed.
        `straight` is offered whole requests, with who asks, and may decline them.
        `v1` is the part of `app` that is mounted at `/v1`: requests get there without the router,
        which costs as much as the key.
        """
        self._app = app
        self._v1 = v1 or app
        names = (*LOOPBACK_NAMES, host)
        self._hosts = frozenset(h.encode() for n in names for h in (n, f"{n}:{port}"))
        self._own_origins = frozenset(f"http://{n}:{port}".encode() for n in names)
        self._allowed_origins = allowed_origins
        self._key = api_key.encode() if api_key else None
        self._owner = owner_token.encode()
        self._check_key = check_key
        self._in_force = in_force
        self._require_key = require_key
        self._straight = straight

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Refuse, or pass on with who is asking."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers: dict[bytes, bytes] = dict(scope["headers"])
        path, method = scope["path"], scope.get("method", "")  # a websocket has none
        verdict = self._judged(method, path, headers)
        foreign = verdict.foreign
        if verdict.refusal is not None:
            if foreign is not None and self._allows(path, foreign):
                send = with_origin(send, foreign)  # or the page would never learn why
            await refuse(scope, send, *verdict.refusal)
            return
        if is_preflight(method, headers):
            await preflight_answer(send, headers)
            return
        if foreign is not None:
            send = with_origin(send, foreign)
        asking, given = verdict.asking, verdict.given
        if given is not None and asking.key_id is not None and not asking.owner:
            send = self._while_in_force(send, method, path, given)
        scope.setdefault("state", {}).update(asking=asking, actor=asking.actor)
        app = self._v1 if path.startswith(V1) else self._app
        await app(scope, receive, send)

    def straight(self, request: Whole) -> bool:
        """Let a plain POST below `/v1` in, to where nothing needs to be waited for.

        False: nothing was done, and it is to come by `__call__`.
        """
        if self._straight is None:
            return False
        head = request.head
        verdict = head.judged
        if not (isinstance(verdict, Verdict) and self._stands(verdict)):
            verdict = self._judged("POST", head.path.decode("latin-1"), head.headers)
            if verdict.refusal is not None or verdict.foreign is not None:
                return False
            head.judged = verdict
        return self._straight(request, verdict.asking.actor)

    def _stands(self, verdict: Verdict) -> bool:
        """Whether the same head would be let in again as the same; False also where that is open.

        All that may change meanwhile is asked again: the key, and whether one is demanded.
        """
        named = verdict.named
        if named is None:
            return not self._require_key()
        return isinstance(named, Known) and self._in_force(named)

    def _judged(self, method: str, path: str, headers: Mapping[bytes, bytes]) -> Verdict:
        foreign = self._foreign_origin(method, headers)
        given = presented_key(headers)
        named = self._check_key(given) if given is not None and is_ours(given) else None
        owner = self._is_owner(headers)
        return Verdict(
            self._refusal(method, path, headers, foreign, given, named, owner=owner),
            foreign,
            given,
            _asking(headers, named, owner=owner),
            named,
        )

    def _foreign_origin(self, method: str, headers: Mapping[bytes, bytes]) -> bytes | None:
        """The origin of the page that asks, unless it is one of ours."""
        origin = headers.get(b"origin")
        if origin is None or origin.lower() in self._own_origins:
            return None
        if origin == b"null" and method in ("GET", "HEAD"):
            return None  # a file on disk or a sandboxed frame reads; it sees no answer anyway
        return origin

    def _refusal(
        self,
        method: str,
        path: str,
        headers: Mapping[bytes, bytes],
        foreign: bytes | None,
        given: bytes | None,
        named: Known | Unknown | None,
        *,
        owner: bool,
    ) -> Refusal | None:
        if not path.startswith(V1):
            path = normalize_path(path)  # the very rule by which it is routed
        if self._key is None and headers.get(b"host", b"").lower() not in self._hosts:
            return 403, "foreign-host", "this address is served under its loopback name only"
        if foreign is not None and not self._allows(path, foreign):
            return 403, "foreign-origin", "requests from other sites' pages are refused"
        if is_preflight(method, headers):
            return None  # never carries the key
        if path in OPEN_PATHS or not path.startswith(GUARDED):
            return None
        return self._refused_key(method, path, given, named, owner=owner)

    def _refused_key(
        self,
        method: str,
        path: str,
        given: bytes | None,
        named: Known | Unknown | None,
        *,
        owner: bool,
    ) -> Refusal | None:
        """1. the studio's own key and the owner open everything 2. a named key opens its scopes."""
        if self._is_the_key(given) or (owner and not isinstance(named, Unknown)):
            return None  # 1
        if isinstance(named, Unknown):
            return 401, "invalid_api_key", named.reason
        if named is not None:  # 2
            why = refused(named.scopes, method or READS, path)
            return (403, "key-not-allowed", why) if why else None
        if self._key is not None or self._require_key():
            return 401, "invalid_api_key", "a valid API key is required"
        return None

    def _while_in_force(self, send: Send, method: str, path: str, given: bytes) -> Send:
        """What a key follows under `/api` has no end of its own, so it ends with the key."""
        if path.startswith(V1):
            return send
        path = normalize_path(path)
        if path.startswith("/v1"):
            return send  # an answer under way runs to its end

        def allowed() -> bool:
            named = self._check_key(given)
            return isinstance(named, Known) and refused(named.scopes, method or READS, path) is None

        return while_allowed(send, allowed)

    def _allows(self, path: str, origin: bytes) -> bool:
        allowed = self._allowed_origins()
        return path.startswith("/v1") and origin.decode("latin-1") in allowed

    def _is_the_key(self, given: bytes | None) -> bool:
        known = self._key
        return known is not None and given is not None and hmac.compare_digest(given, known)

    def _is_owner(self, headers: Mapping[bytes, bytes]) -> bool:
        given = headers.get(OWNER)
        return given is not None and hmac.compare_digest(given, self._owner)


def _asking(
    headers: Mapping[bytes, bytes], named: Known | Unknown | None, *, owner: bool
) -> Asking:
    if isinstance(named, Known):
        return Asking(actor=f"key:{named.key_id}", owner=owner, key_id=named.key_id)
    if not owner:
        return Asking(actor="api", owner=False)
    actor = headers.get(b"x-studio-actor", b"").decode("latin-1")
    return Asking(actor=actor if actor in ACTORS else "api", owner=True)


def is_preflight(method: str, headers: Mapping[bytes, bytes]) -> bool:
    """A browser asks whether its page may ask (Fetch, 4.8)."""
    if method != "OPTIONS":
        return False
    return b"origin" in headers and b"access-control-request-method" in headers
