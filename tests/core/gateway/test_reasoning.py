"""A chat's history carries thoughts under the name its client got them by."""

import json

from core.gateway.body import peek_json
from core.gateway.reasoning import with_both_names


def sent(messages: str) -> list[dict[str, object]]:
    """The messages as they go to the engine."""
    body = with_both_names(peek_json(f'{{"model":"m","messages":{messages}}}'.encode()))
    read: dict[str, list[dict[str, object]]] = json.loads(body.data)
    assert body.fields is not None
    assert json.loads(bytes(body.fields["messages"])) == read["messages"]
    return read["messages"]


def test_the_new_name_gets_the_old_one_beside_it() -> None:
    """And everything else of the message stays."""
    said = sent('[{"role":"assistant","content":"a","reasoning":"because \\u00fc","x":1e2}]')
    assert said == [
        {"role": "assistant", "content": "a", "reasoning": "because ü", "x": 100,
         "reasoning_content": "because ü"}
    ]  # fmt: skip


def test_whoever_sends_the_old_name_or_both_is_left_alone() -> None:
    """Byte for byte."""
    for message in (
        '{"role":"assistant","reasoning_content":"b"}',
        '{"role":"assistant","reasoning":"a","reasoning_content":"b"}',
        '{"role":"user","content":"what is \\"reasoning\\"?"}',
        '{"role":"user","content":[{"type":"text","text":"reasoning"}]}',
    ):
        body = peek_json(f'{{"model":"m",  "messages":[{message}]}}'.encode())
        assert with_both_names(body).data is body.data


def test_what_can_not_be_read_is_left_to_the_engine() -> None:
    """It has the better words for what is wrong."""
    body = peek_json(b'{"model":"m","messages":"\\"reasoning\\"", "reasoning":{"effort":"low"}}')
    assert with_both_names(body) is body
