"""Which lane a request takes, in every case that can arise."""

import itertools

import pytest

from core.errors import Invalid, NotAllowed
from core.gateway.body import peek_json
from core.gateway.errors import UnknownPath
from core.gateway.hooks import Asked, Lanes
from core.gateway.lanes import ANY, can_fail_over, choose_lane, wished_lane
from core.gateway.routes import Direct, Route

CHAT = b"/v1/chat/completions"
MESSAGES = b"/v1/messages"


def route(*paths: bytes, lane: str | None = None) -> Route:
    """A model whose engine speaks these paths; none: it can not be asked directly."""
    direct = Direct(host="127.0.0.1", port=1, model="m", paths=frozenset(paths)) if paths else None
    return Route(
        name="m",
        recipe_id="m",
        engine_id="e",
        port=4000,
        upstream_model="m",
        direct=direct,
        lane=lane,
    )


def asked(path: bytes = CHAT, *, wish: bytes | None = None, body: bytes = b"") -> Asked:
    """A request as the proxy knows it."""
    return Asked(
        name="m",
        path=path,
        query=b"",
        body=peek_json(body or b'{"model":"m","messages":[]}'),
        key_id=None,
        headers={} if wish is None else {b"x-studio-lane": wish},
    )


def lane_of(
    request: Asked, to: Route, *, lanes: Lanes = ANY, default: str = "gateway", only: bool = False
) -> str:
    """The choice."""
    return choose_lane(to, request, only_direct=only, lanes=lanes, default=default)


@pytest.mark.parametrize(
    ("wish", "key", "recipe", "setting"),
    list(itertools.product((None, "gateway", "direct"), repeat=4)),
)
def test_the_first_that_says_something_counts(
    wish: str | None, key: str | None, recipe: str | None, setting: str | None
) -> None:
    """Header, key, recipe, setting."""
    said = wish or key or recipe or setting or "gateway"
    request = asked(wish=wish.encode() if wish else None)
    lanes = Lanes(preferred=key)
    assert (
        lane_of(request, route(CHAT, lane=recipe), lanes=lanes, default=setting or "gateway")
        == said
    )


def test_what_the_engine_does_not_speak_goes_through_the_gateway() -> None:
    """Whatever is wished: another path, another format, a provider elsewhere."""
    assert lane_of(asked(MESSAGES, wish=b"direct"), route(CHAT)) == "gateway"
    assert lane_of(asked(wish=b"direct"), route()) == "gateway"
    translated = asked(wish=b"direct", body=b'{"model":"m","messages":[],"thinking":{}}')
    assert lane_of(translated, route(CHAT)) == "gateway"


def test_what_litellm_would_drop_goes_directly_unless_the_gateway_is_wished() -> None:
    """`priority` is obeyed by engines and dropped by LiteLLM, token ids it can not read."""
    ids = b'{"model":"m","prompt":[1,2]}'
    for path, body in (
        (CHAT, b'{"model":"m","messages":[],"priority":1}'),
        (b"/v1/completions", ids),
    ):
        assert lane_of(asked(path, body=body), route(path)) == "direct"
        assert lane_of(asked(path, body=body, wish=b"gateway"), route(path)) == "gateway"
        assert lane_of(asked(path, body=body), route()) == "gateway"


@pytest.mark.parametrize(
    "more",
    [
        b'"messages":[],"thinking":{}',
        b'"messages":[],"tools":[{"type":"mcp","server_label":"x"}]',
        b'"messages":[{"role":"user","content":[{"type":"file"}]}]',
    ],
)
def test_a_stream_of_several_that_must_be_translated_is_translated(more: bytes) -> None:
    """The engine could not read it; that the ends of all choices but one are lost is the less."""
    body = b'{"model":"m","stream":true,"n":2,' + more + b"}"
    for wish in (None, b"direct"):
        assert lane_of(asked(wish=wish, body=body), route(CHAT)) == "gateway"
        assert lane_of(asked(wish=wish, body=body), route(CHAT), default="direct") == "gateway"


def test_a_key_goes_the_way_it_may() -> None:
    """Another way where there is one; a refusal where there is none."""
    direct, gateway = Lanes(allowed=frozenset({"direct"})), Lanes(allowed=frozenset({"gateway"}))
    assert lane_of(asked(), route(CHAT), lanes=direct) == "direct"
    assert lane_of(asked(wish=b"direct"), route(CHAT), lanes=gateway) == "gateway"
    with pytest.raises(NotAllowed, match="gateway lane"):
        lane_of(asked(MESSAGES), route(CHAT), lanes=direct)
    with pytest.raises(NotAllowed, match="direct lane"):
        lane_of(asked(b"/v1/score"), route(b"/v1/score"), lanes=gateway, only=True)


def test_a_path_that_only_engines_have_goes_directly_or_nowhere() -> None:
    """LiteLLM has no `/v1/score`."""
    score = b"/v1/score"
    assert lane_of(asked(score, wish=b"gateway"), route(score), only=True) == "direct"
    with pytest.raises(UnknownPath, match="score of m"):
        lane_of(asked(score), route(CHAT), only=True)


def test_an_unknown_lane_is_named() -> None:
    """A typo must not silently take the default."""
    assert wished_lane({}) is None
    assert wished_lane({b"x-studio-lane": b" Direct "}) == "direct"
    with pytest.raises(Invalid, match="gateway or direct"):
        wished_lane({b"x-studio-lane": b"fast"})


def test_who_may_go_on_while_litellm_is_down() -> None:
    """Where the engine can be asked, the key allows it, and nothing must be translated."""
    assert can_fail_over(route(CHAT), asked(), ANY)
    assert not can_fail_over(route(), asked(), ANY)
    assert not can_fail_over(route(CHAT), asked(), Lanes(allowed=frozenset({"gateway"})))
    assert not can_fail_over(
        route(CHAT), asked(body=b'{"model":"m","messages":[],"thinking":{}}'), ANY
    )
