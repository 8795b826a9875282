"""What goes back to the client, whatever way it came."""

from hypothesis import given
from hypothesis import strategies as st

from core.gateway.answer import HOLD_EVENT, EventStream, JsonAnswer, OpaqueAnswer, answer_of
from core.gateway.paths import ALLOWED
from tests.core.gateway.test_usage import CHAT, split

DONE = ALLOWED[b"/v1/chat/completions"].last
events = st.lists(
    st.text(alphabet='ab{}": é\\', max_size=20).map(lambda t: f"data: {t}\n\n".encode()),
    max_size=8,
).map(b"".join)
cuts = st.lists(st.integers(min_value=0), max_size=12)


def code_of(answer: EventStream | JsonAnswer) -> str:
    """Of the fault that is told instead of LiteLLM's own error."""
    assert answer.fault is not None
    return answer.fault.code


def through(answer: EventStream, pieces: list[bytes]) -> bytes:
    """Everything that reaches the client."""
    return b"".join(answer.feed(piece) for piece in pieces) + answer.end()


@given(events, cuts)
def test_bytes_to_the_client_are_equal_however_upstream_splits_them(
    data: bytes, places: list[int]
) -> None:
    """Byte for byte what upstream sent, in every cutting."""
    stream = data + CHAT
    assert through(EventStream(DONE), split(stream, places)) == stream


@given(cuts)
def test_carriage_returns_make_no_difference(places: list[int]) -> None:
    """Some servers end lines with CRLF."""
    stream = CHAT.replace(b"\n", b"\r\n")
    assert through(EventStream(DONE), split(stream, places)) == stream


@given(cuts)
def test_only_whole_events_are_passed_on_before_the_end(places: list[int]) -> None:
    """So that a stream that breaks can end with one clean error event."""
    answer = EventStream(DONE)
    for piece in split(CHAT, places):
        ready = answer.feed(piece)
        assert ready == b"" or ready.endswith(b"\n\n")


@given(cuts)
def test_after_an_error_event_nothing_follows(places: list[int]) -> None:
    """LiteLLM says [DONE] after an error; done it is not."""
    good = b'data: {"choices":[]}\n\n'
    error = b'data: {"error":{"message":"the engine died","code":"500"}}\n\n'
    answer = EventStream(DONE)
    assert through(answer, split(good + error + b"data: [DONE]\n\n", places)) == good + error
    assert answer.failed


def test_anthropics_error_event_is_an_error_too() -> None:
    """Each dialect has its own."""
    answer = EventStream()
    answer.feed(b'event: error\ndata: {"type":"error"}\n\n')
    assert answer.failed


def test_a_response_that_failed_says_so_in_an_event_of_its_own() -> None:
    """Named in a line before it or not; where the engine was lost it is told by us."""
    for event in (
        b'event: response.failed\ndata: {"type":"response.failed","response":{"error":{}}}\n\n',
        b'data: {"type": "response.failed", "response": {"error": {}}}\n\n',
        b'data: {"type":"error","message":"x","error":null}\n\n',
    ):
        answer = EventStream()
        assert answer.feed(event + b"data: [DONE]\n\n") == event
        assert (answer.failed, answer.fault) == (True, None)
    lost = EventStream()
    message = b'"error":{"message":"<TransferEncodingError: 400>"}'
    assert lost.feed(b'event: response.failed\ndata: {"response":{' + message + b"}}\n\n") == b""
    assert (lost.failed, code_of(lost)) == (True, "engine_lost")


def test_a_model_that_writes_about_errors_has_not_failed() -> None:
    """Text is text."""
    answer = EventStream(DONE)
    answer.feed(b'data: {"choices":[{"delta":{"content":"data: {\\"error\\":1}"}}]}\n\n')
    assert not answer.failed


def test_a_stream_that_ends_without_its_last_event_is_not_whole() -> None:
    """A silent truncation is noticed."""
    torn, whole = EventStream(DONE), EventStream(DONE)
    torn.feed(b"data: {}\n\n")
    whole.feed(b"data: {}\n\ndata: [DONE]\n\n")
    assert (torn.is_whole(), whole.is_whole()) == (False, True)


def test_an_event_without_end_is_passed_on_in_pieces() -> None:
    """Memory stays bounded."""
    answer = EventStream()
    size = sum(len(answer.feed(b"x" * 100_000)) for _ in range(10))
    assert size >= 600_000


def test_a_json_answer_is_held_until_it_is_whole() -> None:
    """So that one that breaks off can still become an honest 502."""
    answer = JsonAnswer()
    assert answer.feed(b'{"a":') == b""
    assert answer.feed(b'1,"usage":{"prompt_tokens":2}}') == b""
    assert answer.end() == b'{"a":1,"usage":{"prompt_tokens":2}}'
    assert answer.tokens.prompt == 2


def test_a_huge_json_answer_is_not_held() -> None:
    """Embeddings of a whole book go through."""
    answer = JsonAnswer()
    pieces = [b"x" * 500_000] * 5
    assert b"".join(map(answer.feed, pieces)) + answer.end() == b"".join(pieces)


def test_content_types_choose_how_an_answer_is_watched() -> None:
    """Audio is bytes."""
    assert isinstance(answer_of(b"text/event-stream; charset=utf-8", ()), EventStream)
    assert isinstance(answer_of(b"application/json", ()), JsonAnswer)
    assert isinstance(answer_of(b"audio/mpeg", ()), OpaqueAnswer)
    assert isinstance(answer_of(b"text/event-stream", (), encoding=b"gzip"), OpaqueAnswer)
    assert isinstance(answer_of(b"application/json", (), encoding=b"identity"), JsonAnswer)


@given(cuts)
def test_exact_means_that_errors_are_passed_on_with_all_that_follows(places: list[int]) -> None:
    """On the direct lane the engine has the last word, in its own words."""
    error = b'data: {"error":{"message":"EngineCore encountered an issue"}}\n\n'
    stream = b'data: {"choices":[]}\n\n' + error + b"data: [DONE]\n\n"
    answer = EventStream(DONE, exact=True)
    assert through(answer, split(stream, places)) == stream
    assert (answer.failed, answer.fault) == (True, None)


def test_a_stream_that_http_ends_needs_no_last_event() -> None:
    """Some engines say none; where only the connection's end tells, one is needed."""
    framed = answer_of(b"text/event-stream", DONE, exact=True, framed=True)
    closed = answer_of(b"text/event-stream", DONE, exact=True, framed=False)
    assert (framed.is_whole(), closed.is_whole()) == (True, False)


def test_counts_are_found_in_events_that_are_passed_on_in_pieces() -> None:
    """One that says everything at its end, beyond what is held."""
    event = b'data: {"x":"' + b"x" * HOLD_EVENT + b'","usage":{"prompt_tokens":5}}\n\n'
    for cut in range(len(event) - 30, len(event) - 2):
        answer = EventStream(exact=True)
        assert through(answer, [event[:cut], event[cut:]]) == event
        assert answer.tokens.prompt == 5


@given(cuts)
def test_a_lost_engine_is_told_by_us_and_not_by_a_python_error(places: list[int]) -> None:
    """LiteLLM's own event names aiohttp's exception; it gives way to a sentence of ours."""
    good = b'data: {"choices":[]}\n\n'
    error = (
        b'data: {"error":{"message":"litellm.APIConnectionError: APIConnectionError: Hosted_vllm'
        b"Exception - Response payload is not completed: <TransferEncodingError: 400, message="
        b'\'Not enough data to satisfy transfer length header.\'>","code":"500"}}\n\n'
    )
    answer = EventStream(DONE)
    assert through(answer, split(good + error + b"data: [DONE]\n\n", places)) == good
    assert answer.failed
    assert code_of(answer) == "engine_lost"


def test_an_error_of_a_dead_engine_is_known_in_a_whole_answer_too() -> None:
    """LiteLLM words it in the names of Python's exceptions; asked of 5xx answers alone."""
    answer = JsonAnswer()
    answer.feed(b'{"error":{"message":"Hosted_vllmException - Server disconnected"}}')
    assert code_of(answer) == "engine_lost"
    fine = JsonAnswer()
    fine.feed(b'{"choices":[]}')
    assert fine.fault is None
