"""Which headers go on to LiteLLM."""

import pytest

from core.errors import Invalid
from core.gateway.headers import on_to_gateway, wished_ttl
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


def test_a_request_may_say_how_long_its_model_stays() -> None:
    """Seconds after its end; 0 for ever; nothing said, nothing changed."""
    assert wished_ttl([(b"x-studio-ttl", b" 600 ")]) == 600
    assert wished_ttl([(b"x-studio-ttl", b"0")]) == 0
    assert wished_ttl([(b"accept", b"*/*")]) is None


@pytest.mark.parametrize("text", [b"soon", b"-1", b"1.5", b"", b"9999999999"])
def test_a_wish_that_is_no_number_of_seconds_is_refused(text: bytes) -> None:
    """With the name of the header and an example."""
    with pytest.raises(Invalid, match="x-studio-ttl") as refusal:
        wished_ttl([(b"x-studio-ttl", text)])
    assert "600" in refusal.value.next_action
