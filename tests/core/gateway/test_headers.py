"""Which headers go on to LiteLLM."""

from core.gateway.headers import on_to_gateway
from tests.core.gateway.test_routes import route


def test_a_body_that_was_read_as_json_is_called_json() -> None:
    """`curl -d` says form; LiteLLM would look for form fields and find none."""
    form = [(b"content-type", b"application/x-www-form-urlencoded")]
    sent = on_to_gateway(form, route("a"), "r", is_json=True)
    assert [value for name, value in sent if name == b"content-type"] == [b"application/json"]
    kept = on_to_gateway([(b"content-type", b"multipart/form-data")], route("a"), "r")
    assert (b"content-type", b"multipart/form-data") in kept


def test_a_clients_key_stays_here() -> None:
    """Neither LiteLLM nor the engine sees it."""
    given = [(b"authorization", b"Bearer mine"), (b"x-api-key", b"mine"), (b"cookie", b"c")]
    assert b"mine" not in b"".join(value for _, value in on_to_gateway(given, route("a"), "r"))
