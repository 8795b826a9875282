"""Two requests have one name in the cache when and only when they ask for the same."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.gateway.cache.key import CANONICAL, LARGEST, canonical, digest
from core.gateway.hooks import Asked
from tests.core.gateway.cache.parts import asked


def name_of(request: Asked, *, whose: str = "key:a", revision: str = "r") -> bytes | None:
    """The digest with what the tests do not vary."""
    return digest(request, whose=whose, revision=revision)


SAME = [
    (b'{"model":"m","a":1,"b":{"c":[1,2],"d":null}}',
     b'{ "b" : {"d":null,"c":[1, 2]},"a":1,"model":"m"}'),
    (b'{"model":"m","t":"\\u00e9\\n"}', '{"t":"é\\n","model":"m"}'.encode()),
    (b'{"model":"m","t":"\\/"}', b'{"model":"m","t":"/"}'),
]  # fmt: skip

OTHER = [
    (b'{"model":"m","a":1}', b'{"model":"m","a":1.0}'),
    (b'{"model":"m","a":1e2}', b'{"model":"m","a":1E2}'),
    (b'{"model":"m","a":12345678901234567890123}', b'{"model":"m","a":12345678901234567890124}'),
    (b'{"model":"m","a":0.1}', b'{"model":"m","a":0.10000000000000000001}'),
    (b'{"model":"m","a":1}', b'{"model":"m","a":"1"}'),
    (b'{"model":"m","a":1}', b'{"model":"m","a":{"n":"1"}}'),
    (b'{"model":"m","a":{}}', b'{"model":"m","a":{"o":[]}}'),
    (b'{"model":"m","a":{}}', b'{"model":"m","a":[]}'),
    (b'{"model":"m","a":[1,2]}', b'{"model":"m","a":[2,1]}'),
    (b'{"model":"m","a":null}', b'{"model":"m"}'),
    (b'{"model":"m","a":0}', b'{"model":"m","a":-0}'),
    (b'{"model":"m","a":false}', b'{"model":"m","a":0}'),
    (b'{"model":"m","stream":true}', b'{"model":"m","stream":false}'),
    (b'{"model":"m","stream":true}', b'{"model":"m","stream":true,"stream_options":{}}'),
    # what LiteLLM leaves out of its key, and answers wrongly for that
    (b'{"model":"m","chat_template_kwargs":{"enable_thinking":true}}',
     b'{"model":"m","chat_template_kwargs":{"enable_thinking":false}}'),
    (b'{"model":"m","guided_json":{"a":1}}', b'{"model":"m","guided_json":{"a":2}}'),
    (b'{"model":"m","structured_outputs":{"json":"{}"}}', b'{"model":"m"}'),
    (b'{"model":"m","no_such_field":1}', b'{"model":"m"}'),
    # a name that is given twice: parsers differ in which value they take
    (b'{"model":"m","a":1,"a":2}', b'{"model":"m","a":2}'),
    (b'{"model":"m","a":1,"a":2}', b'{"model":"m","a":2,"a":1}'),
    (b'{"model":"m","x":{"a":1,"a":2}}', b'{"model":"m","x":{"a":2}}'),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), SAME)
def test_how_a_body_is_laid_out_is_no_matter(one: bytes, other: bytes) -> None:
    """Order of names, white space, escapes."""
    assert name_of(asked(one)) == name_of(asked(other)) is not None


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_whatever_is_asked_differently_is_another_request(one: bytes, other: bytes) -> None:
    """Every field, in every depth, numbers as they are written."""
    assert name_of(asked(one)) != name_of(asked(other))


def test_what_surrounds_the_body_counts() -> None:
    """Path, query, what would answer, whose answer it is, and the headers that shape answers."""
    plain = asked()
    names = [
        name_of(plain),
        name_of(plain, whose="key:b"),
        name_of(plain, revision="r2"),
        name_of(asked(path=b"/v1/completions")),
        name_of(asked(query=b"a=1")),
        name_of(asked(headers={b"anthropic-version": b"2023-06-01"})),
        name_of(asked(headers={b"anthropic-beta": b"2023-06-01"})),
        name_of(asked(headers={b"x-studio-lane": b"direct"})),
    ]
    assert len(set(names)) == len(names)
    assert name_of(plain) == name_of(
        asked(headers={b"user-agent": b"x", b"accept-encoding": b"gzip"})
    )


def test_no_part_passes_for_the_next() -> None:
    """Lengths are counted in: "ab" + "c" is not "a" + "bc"."""
    assert digest(asked(), whose="ab", revision="c") != digest(asked(), whose="a", revision="bc")


def test_a_large_body_counts_as_it_is_written_and_a_huge_one_not_at_all() -> None:
    """Pictures: no time is spent on reading them."""

    def padded(size: int, gap: bytes = b"") -> Asked:
        return asked(b'{"model":"m",' + gap + b'"x":"' + b"a" * size + b'"}')

    assert name_of(padded(10)) == name_of(padded(10, b" "))
    assert name_of(padded(CANONICAL)) == name_of(padded(CANONICAL))
    assert name_of(padded(CANONICAL)) != name_of(padded(CANONICAL, b" "))
    assert name_of(padded(LARGEST)) is None


def test_what_can_not_be_read_has_no_name() -> None:
    """Nesting beyond measure is the engine's to refuse."""
    deep = b"[" * 100_000 + b"]" * 100_000
    with pytest.raises((ValueError, RecursionError)):
        canonical(b'{"x":' + deep + b"}")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def shuffled(value: Any, *, reverse: bool) -> Any:
    """The same value with the names of its objects in another order."""
    if isinstance(value, dict):
        pairs = sorted(value.items(), reverse=reverse)
        return {name: shuffled(inner, reverse=reverse) for name, inner in pairs}
    if isinstance(value, list):
        return [shuffled(inner, reverse=reverse) for inner in value]
    return value


@given(VALUES, VALUES)
def test_canonical_bytes_are_equal_when_and_only_when_the_values_are(one: Any, other: Any) -> None:
    """Whatever the order of names."""
    forth = canonical(json.dumps(shuffled(one, reverse=False)).encode())
    back = canonical(json.dumps(shuffled(one, reverse=True), indent=1, ensure_ascii=True).encode())
    assert forth == back
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (forth == canonical(json.dumps(other).encode())) == same
