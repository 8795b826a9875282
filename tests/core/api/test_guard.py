"""Who may talk to us at all."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec
import pytest

from core.api.guard import Guard
from core.gateway.head import Head
from core.gateway.straight import Whole
from core.keys.keyring import Known, Unknown

OWN = "http://127.0.0.1:8080"


class Inside:
    """The application behind the guard: notes who came in."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer with an empty 200."""
        self.asked.append(scope["state"]["asking"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


SCOPES = {
    b"sk-studio-good": ("inference",),
    b"sk-studio-manager": ("manage",),
    b"sk-studio-auditor": ("audit",),
    b"sk-studio-both": ("inference", "manage"),
}


def check_key(secret: bytes) -> Known | Unknown:
    """Some keys are in force."""
    scopes = SCOPES.get(secret)
    if scopes is None:
        return Unknown(reason="this API key was revoked")
    return Known(key_id="k1", scopes=scopes)


async def knock(
    inside: Inside,
    path: str = "/api/status",
    *,
    method: str = "GET",
    api_key: str | None = None,
    allowed: tuple[str, ...] = (),
    require_key: bool = False,
    sending: Mapping[str, str] = MappingProxyType({}),
    **more: str,
) -> tuple[int, dict[str, str], Any]:
    """Send one request through a guard; status, headers and JSON body of the answer."""
    guard = Guard(
        inside,
        port=8080,
        host="127.0.0.1",
        api_key=api_key,
        owner_token="owner",
        allowed_origins=lambda: allowed,
        check_key=check_key,
        require_key=lambda: require_key,
    )
    named = {"host": "127.0.0.1:8080"} | {
        k.replace("_", "-"): v for k, v in {**sending, **more}.items()
    }
    scope = {
        "type": "http",
        "path": path,
        "method": method,
        "headers": [(k.encode(), v.encode()) for k, v in named.items()],
    }
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await guard(scope, None, send)
    answer = {k.decode(): v.decode() for k, v in sent[0]["headers"]}
    body = sent[1]["body"]
    return sent[0]["status"], answer, msgspec.json.decode(body) if body else None


async def test_a_local_program_gets_in_without_a_key() -> None:
    """The default is an open door on loopback."""
    assert (await knock(Inside()))[0] == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:8080", "127.0.0.1:9"])
async def test_a_foreign_host_name_is_refused(host: str) -> None:
    """DNS rebinding: a page that points its own name at us gets nothing."""
    status, _, body = await knock(Inside(), host=host)
    assert (status, body["code"]) == (403, "foreign-host")


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Bearer secret"},
        {"authorization": "bearer secret"},
        {"x_api_key": "secret"},
        {"authorization": "Basic dXNlcjpzZWNyZXQ="},
        {"x_studio_owner": "owner"},
    ],
)
async def test_the_key_is_taken_however_clients_send_it(headers: dict[str, str]) -> None:
    """Bearer, x-api-key, Basic's password; the owner's token opens as well."""
    assert (await knock(Inside(), api_key="secret", sending=headers))[0] == 200


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        ("Bearer sk-ant-elsewhere", 200),  # a program that is signed in there
        ("Basic cHJveHk6aXRz", 200),  # for a proxy before us
        ("Bearer sk-studio-good", 200),
        ("Bearer sk-studio-revoked", 401),  # one that was ours is not passed over
    ],
)
async def test_of_two_keys_the_one_that_is_ours_counts(authorization: str, status: int) -> None:
    """Whichever header carries it."""
    inside = Inside()
    told = {"authorization": authorization, "x_api_key": "sk-studio-good"}
    assert (await knock(inside, "/v1/models", require_key=True, sending=told))[0] == status


async def test_a_key_in_the_address_counts_beside_a_placeholder() -> None:
    """Clients that want a key of their own send that along: `http://me:KEY@…` says who asks."""
    inside = Inside()
    told = {"authorization": "Basic bWU6c2stc3R1ZGlvLWdvb2Q=", "x_api_key": "none"}
    assert (await knock(inside, "/v1/models", require_key=True, sending=told))[0] == 200


@pytest.mark.parametrize(
    "headers", [{}, {"authorization": "Bearer wrong"}, {"authorization": "Basic ???"}]
)
async def test_without_the_key_nothing_is_served(headers: dict[str, str]) -> None:
    """401 in OpenAI's dialect under /v1, with the challenge that RFC 9110 asks for."""
    inside = Inside()
    status, answer, body = await knock(
        inside, "/v1/chat/completions", api_key="secret", sending=headers
    )
    assert (status, body["error"]["code"]) == (401, "invalid_api_key")
    assert answer["www-authenticate"].startswith("Bearer")
    assert inside.asked == []


async def test_health_needs_no_key() -> None:
    """A watchdog has none."""
    assert (await knock(Inside(), "/health", api_key="secret"))[0] == 200


async def test_a_key_lets_other_host_names_in() -> None:
    """Behind a name of one's own the key is what protects."""
    status, _, _ = await knock(
        Inside(), api_key="secret", host="studio.lan", authorization="Bearer secret"
    )
    assert status == 200


async def test_only_the_owner_names_an_actor() -> None:
    """Nobody writes "cli" into the log without the token that only the owner can read."""
    inside = Inside()
    await knock(inside, x_studio_actor="cli")
    await knock(inside, x_studio_actor="cli", x_studio_owner="owner")
    await knock(inside, x_studio_actor="someone", x_studio_owner="owner")
    assert [(a.actor, a.owner) for a in inside.asked] == [
        ("api", False),
        ("cli", True),
        ("api", True),
    ]


@pytest.mark.parametrize("path", ["//api/status", "///metrics", "/api//status", "//schema"])
async def test_slashes_do_not_go_around_the_key(path: str) -> None:
    """The guard reads a path as the router does."""
    assert (await knock(Inside(), path, api_key="secret"))[0] == 401


async def test_a_named_key_is_the_actor_of_what_it_asks() -> None:
    """Facts and the book of requests say which key it was."""
    inside = Inside()
    assert (await knock(inside, "/v1/models", authorization="Bearer sk-studio-good"))[0] == 200
    assert [(a.actor, a.owner, a.key_id) for a in inside.asked] == [("key:k1", False, "k1")]


@pytest.mark.parametrize("require_key", [False, True])
async def test_a_revoked_key_is_refused_whether_or_not_one_is_demanded(require_key: bool) -> None:
    """Who presents a key of ours means it; the reason is a sentence."""
    inside = Inside()
    for sending in ({"authorization": "Bearer sk-studio-bad"}, {"x-api-key": "sk-studio-bad"}):
        status, answer, body = await knock(
            inside, "/v1/models", sending=sending, require_key=require_key
        )
        assert status == 401
        assert body["error"]["message"] == "this API key was revoked"
        assert body["error"]["code"] == "invalid_api_key"
        assert answer["www-authenticate"]
    assert inside.asked == []


async def test_a_placeholder_is_no_key_where_none_is_demanded() -> None:
    """OpenAI's clients can not be without a key, so people write anything."""
    assert (await knock(Inside(), "/v1/models", authorization="Bearer sk-none"))[0] == 200
    status, _, _ = await knock(
        Inside(), "/v1/models", authorization="Bearer sk-none", require_key=True
    )
    assert status == 401


async def test_where_a_key_is_demanded_a_named_key_or_the_owner_gets_in() -> None:
    """Without one: 401, on loopback too."""
    assert (await knock(Inside(), "/v1/models", require_key=True))[0] == 401
    for headers in ({"x-api-key": "sk-studio-good"}, {"x-studio-owner": "owner"}):
        status, _, _ = await knock(Inside(), "/v1/models", require_key=True, sending=headers)
        assert status == 200


async def test_a_named_key_opens_v1_alone() -> None:
    """What runs on the machine is not for its guests to change."""
    status, _, body = await knock(Inside(), "/api/evict", authorization="Bearer sk-studio-good")
    assert (status, body["code"]) == (403, "key-not-allowed")


async def test_a_websocket_may_bring_its_key_as_a_subprotocol() -> None:
    """Browsers can give it no other header."""
    inside = Inside()
    protocols = "realtime, openai-insecure-api-key.sk-studio-good"
    sending = {"sec-websocket-protocol": protocols}
    assert (await knock(inside, "/v1/models", require_key=True, sending=sending))[0] == 200
    assert inside.asked[0].key_id == "k1"


@pytest.mark.parametrize(
    ("key", "method", "path", "opens"),
    [
        ("good", "POST", "/v1/chat/completions", True),
        ("good", "GET", "/api/status", False),
        ("manager", "POST", "/v1/chat/completions", False),
        ("manager", "POST", "/api/switch", True),
        ("manager", "PUT", "/api/recipes/qwen", True),
        ("manager", "GET", "/api/settings", True),
        ("manager", "PATCH", "/api/settings", False),
        ("manager", "GET", "/api/keys", False),
        ("manager", "GET", "/api//keys/", False),
        ("manager", "POST", "/api/quit", False),
        ("manager", "GET", "/metrics", True),
        ("auditor", "GET", "/api/timeline", True),
        ("auditor", "GET", "/api/requests/running", True),
        ("auditor", "GET", "/api/audit/proof", True),
        ("auditor", "GET", "/api/statuses", False),
        ("auditor", "GET", "/api/logs/app", False),
        ("auditor", "POST", "/api/switch", False),
        ("auditor", "POST", "/v1/chat/completions", False),
        ("both", "POST", "/v1/chat/completions", True),
        ("both", "POST", "/api/evict", True),
    ],
)
@pytest.mark.parametrize("require_key", [False, True])
async def test_a_named_key_opens_what_its_scopes_say(
    key: str, method: str, path: str, opens: bool, require_key: bool
) -> None:
    """Anything else is 403 in a sentence, whether a key is demanded or not."""
    status, _, body = await knock(
        Inside(),
        path,
        method=method,
        require_key=require_key,
        authorization=f"Bearer sk-studio-{key}",
    )
    assert status == (200 if opens else 403)
    if not opens and not path.startswith("/v1"):
        assert body["code"] == "key-not-allowed"
        assert "scope" in body["detail"]


async def test_the_owner_with_a_named_key_is_the_owner() -> None:
    """The token opens what the key does not."""
    sending = {"x_studio_owner": "owner", "authorization": "Bearer sk-studio-good"}
    assert (await knock(Inside(), "/api/keys", sending=sending))[0] == 200


async def test_what_a_key_follows_ends_with_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a piece of it is sent once the key was revoked; an owner's stream goes on."""

    class Following(Inside):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            for piece in (b"1", b"2"):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                monkeypatch.delitem(SCOPES, b"sk-studio-auditor", raising=False)
            await send({"type": "http.response.body", "body": b"3", "more_body": False})

    guard = Guard(
        Following(),
        port=8080,
        host="127.0.0.1",
        api_key=None,
        owner_token="owner",
        check_key=check_key,
    )
    key = [(b"host", b"127.0.0.1:8080"), (b"authorization", b"Bearer sk-studio-auditor")]
    for headers, told in ((key, b"1"), ([key[0], (b"x-studio-owner", b"owner")], b"123")):
        sent: list[Any] = []

        async def send(message: Any, sent: list[Any] = sent) -> None:
            sent.append(message)

        scope = {"type": "http", "path": "/api/events", "method": "GET", "headers": headers}
        await guard(scope, None, send)
        assert b"".join(one["body"] for one in sent[1:]) == told
        assert sent[-1]["more_body"] is False


@pytest.mark.parametrize("require_key", [False, True])
@pytest.mark.parametrize(
    "sending",
    [
        {},
        {"host": "evil.example"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": OWN},
        {"authorization": "Bearer sk-studio-good"},
        {"authorization": "Bearer sk-studio-manager"},
        {"authorization": "Bearer sk-studio-bad"},
        {"authorization": "Bearer something"},
        {"x-api-key": "sk-studio-good"},
        {"x-studio-owner": "owner"},
        {"x-studio-owner": "owner", "authorization": "Bearer sk-studio-bad"},
        {"x-studio-owner": "somebody"},
    ],
)
async def test_the_straight_way_has_the_same_door(
    sending: Mapping[str, str], require_key: bool
) -> None:
    """Who gets in gets in by both, as the same; who does not is left to the one that says why."""
    path, inside = "/v1/chat/completions", Inside()
    status, _, _ = await knock(
        inside, path, method="POST", require_key=require_key, sending=sending
    )
    came: list[str] = []

    def straight(request: Whole, actor: str) -> bool:
        came.append(actor)
        return True

    guard = Guard(
        inside, port=8080, host="127.0.0.1", api_key=None, owner_token="owner",
        check_key=check_key, require_key=lambda: require_key, straight=straight,
    )  # fmt: skip
    headers = {b"host": b"127.0.0.1:8080"} | {k.encode(): v.encode() for k, v in sending.items()}
    client: Any = None
    head = Head(path.encode(), b"", list(headers.items()))
    let_in = guard.straight(Whole(head, b"{}", client))
    assert let_in == (status == 200)
    assert came == [asking.actor for asking in inside.asked]


class Door:
    """A guard's straight way, before which one head comes again and again."""

    def __init__(self, **sending: str) -> None:
        told = {"host": "127.0.0.1:8080"} | {n.replace("_", "-"): v for n, v in sending.items()}
        raw = [(name.encode(), value.encode()) for name, value in told.items()]
        self.head = Head(b"/v1/chat/completions", b"", raw)
        self.demanded = False
        self.stands = True
        self.asked: list[bytes] = []
        self.actors: list[str] = []
        self._guard = Guard(
            Inside(), port=8080, host="127.0.0.1", api_key=None, owner_token="owner",
            check_key=self._check, in_force=lambda known: self.stands,
            require_key=lambda: self.demanded, straight=self._let_in,
        )  # fmt: skip

    def opens(self) -> bool:
        """For one request more."""
        client: Any = None
        return self._guard.straight(Whole(self.head, b"{}", client))

    def _check(self, secret: bytes) -> Known | Unknown:
        self.asked.append(secret)
        return check_key(secret)

    def _let_in(self, request: Whole, actor: str) -> bool:
        self.actors.append(actor)
        return True


def test_a_head_that_is_said_again_is_not_judged_again() -> None:
    """As long as what was said of its key stands."""
    door = Door(authorization="Bearer sk-studio-good")
    assert (door.opens(), door.opens(), door.opens()) == (True, True, True)
    assert door.actors == ["key:k1"] * 3
    assert len(door.asked) == 1


def test_a_key_that_changed_is_judged_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever was let in a moment ago is refused when it was revoked, or lost its scope."""
    door = Door(authorization="Bearer sk-studio-good")
    assert door.opens()
    monkeypatch.setitem(SCOPES, b"sk-studio-good", ("audit",))
    door.stands = False
    assert not door.opens()
    monkeypatch.delitem(SCOPES, b"sk-studio-good")
    assert not door.opens()
    assert len(door.actors) == 1


@pytest.mark.parametrize(("sending", "opens"), [({}, False), ({"x_studio_owner": "owner"}, True)])
def test_that_keys_are_demanded_counts_from_the_next_request_on(
    sending: Mapping[str, str], opens: bool
) -> None:
    """Also for who needed none before, on the same connection; and it may be taken back."""
    door = Door(**sending)
    assert door.opens()
    door.demanded = True
    assert door.opens() == opens
    door.demanded = False
    assert door.opens()


def test_who_is_refused_is_judged_each_time() -> None:
    """Nothing is remembered of it."""
    door = Door(authorization="Bearer sk-studio-bad")
    assert (door.opens(), door.opens()) == (False, False)
    assert len(door.asked) == 2


async def test_a_websocket_of_no_origin_is_another_sites() -> None:
    """It has no method by which it would only read."""
    inside = Inside()
    guard = Guard(inside, port=8080, host="127.0.0.1", api_key=None, owner_token="owner")
    headers = [(b"host", b"127.0.0.1:8080"), (b"origin", b"null")]
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await guard({"type": "websocket", "path": "/v1/realtime", "headers": headers}, None, send)
    assert inside.asked == []
    assert sent
