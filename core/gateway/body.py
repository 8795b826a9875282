"""What the proxy needs to know of a request's body, and the little that it changes in it.

Only the outermost layer is looked at: `model`, `stream`, and the names of the other fields, whose
values are passed on as they were written (big numbers, odd escapes and unknown fields included).
A body that already names the model as the upstream does is passed on byte for byte, unless its
recipe has a filter. Where the engine is to count a stream's tokens for us, that wish alone is
added, at the end.
"""

import re
from collections.abc import Iterable, Mapping

import msgspec

from core.errors import Invalid
from core.gateway.errors import Compressed
from core.gateway.form_parts import form_parts
from core.steering import LAID_OVER, steers, steers_from_within

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_options = msgspec.json.Decoder(dict[str, msgspec.Raw] | None)

STREAM_OPTIONS = "stream_options"
LONGEST_NAME = 200  # characters of any model's, a rule of recipes and offers
USUAL = frozenset(  # they steer nobody
    {
        "model", "messages", "prompt", "input", "stream", "stream_options", "tools", "temperature",
        "top_p", "max_tokens", "max_completion_tokens",
    }
)  # fmt: skip
_COUNTED = frozenset({b"/v1/chat/completions", b"/v1/completions"})  # paths that can be asked to
SEVERAL = re.compile(rb'\[\s*["\[]')  # several prompts in one request
_OF_USAGE = frozenset({"stream", "n", STREAM_OPTIONS})  # what asking for counts depends on
_COMPRESSED = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x78\x01": "deflate",
    b"\x78\x9c": "deflate",
    b"\x78\xda": "deflate",
}
_ASKING = b',"stream_options":{"include_usage":true}}'


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """What a recipe takes out of JSON bodies and puts into them; forms pass as they are."""

    strip: frozenset[str] = frozenset()
    put: tuple[tuple[str, msgspec.Raw], ...] = ()  # wins over what the caller sent

    @classmethod
    def of(cls, strip: Iterable[str], put: Mapping[str, object]) -> "Filter | None":
        """None when there is nothing to do, which is what the hot path asks."""
        if not strip and not put:
            return None
        raw = tuple((name, msgspec.Raw(msgspec.json.encode(put[name]))) for name in put)
        return cls(strip=frozenset(strip), put=raw)

    def on(self, fields: Mapping[str, msgspec.Raw]) -> dict[str, msgspec.Raw]:
        """The fields without what is taken out, and with what is put in."""
        kept = {name: raw for name, raw in fields.items() if name not in self.strip}
        return {**kept, **dict(self.put)}

    def touches(self, names: frozenset[str]) -> bool:
        """Whether one of these would be changed."""
        return not names.isdisjoint(self.strip) or any(name in names for name, _ in self.put)


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """A request's body with what was read from it."""

    data: bytes
    model: str  # as the caller names it
    stream: bool
    fields: Mapping[str, msgspec.Raw] | None = None  # JSON
    model_at: tuple[int, int] = (0, 0)  # where the name stands in a form
    told_as: bytes = b""  # in which format a form wants its answer

    def demand(self, field: str, alien: str = "") -> None:
        """Raise Invalid when a JSON body lacks `field`, or has `alien`; empty names: no matter."""
        if self.fields is None:
            return
        if field and field not in self.fields:
            raise Invalid(
                f"Missing required parameter: '{field}'", field=field, code="missing_parameter"
            )
        if alien and alien in self.fields:  # as OpenAI says it
            raise Invalid(
                f"Unrecognized request argument supplied: {alien}",
                field=alien,
                code="unrecognized_parameter",
                next_action=f"Leave out {alien}, or ask the path that takes them.",
            )

    def may_ask_usage(self, path: bytes, through: Filter | None = None) -> bool:
        """Whether token counts can be asked for that the client does not want, unnoticed.

        Only for streams, which carry none by themselves; not where the client asks itself, and
        not where a filter has its own opinion.
        """
        fields = self.fields
        if not self.stream or fields is None or path not in _COUNTED:
            return False
        if through is not None and through.touches(_OF_USAGE):
            return False
        if "n" in fields and bytes(fields["n"]) not in (b"1", b"null"):
            return False  # events of several answers can not be put back as they would have been
        if "prompt" in fields and SEVERAL.match(bytes(fields["prompt"])):
            return False
        return STREAM_OPTIONS not in fields or _silent(fields[STREAM_OPTIONS])

    def sent(self, model: str, through: Filter | None, *, ask_usage: bool = False) -> bytes:
        """The body to send upstream: with the model called `model`, and filtered.

        `ask_usage`: with the wish for token counts; see `may_ask_usage`.
        """
        if self.fields is None or (through is None and not ask_usage):
            return self.naming(model)
        if ask_usage and through is None and model == self.model:
            return self._asking()
        fields = dict(self.fields) if through is None else through.on(self.fields)
        fields["model"] = msgspec.Raw(msgspec.json.encode(model))
        if ask_usage:
            fields[STREAM_OPTIONS] = _with_usage(fields.get(STREAM_OPTIONS))
        return msgspec.json.encode(fields)

    def _asking(self) -> bytes:
        """Byte for byte as it came, but for the wish at the end."""
        assert self.fields is not None
        if STREAM_OPTIONS not in self.fields:
            return self.data[: self.data.rindex(b"}")] + _ASKING
        options = _with_usage(self.fields[STREAM_OPTIONS])
        return msgspec.json.encode({**self.fields, STREAM_OPTIONS: options})

    def naming(self, model: str) -> bytes:
        """The body with the model called `model`, and nothing else changed."""
        if model == self.model:
            return self.data
        if self.fields is not None:
            name = msgspec.Raw(msgspec.json.encode(model))
            return msgspec.json.encode({**self.fields, "model": name})
        start, end = self.model_at
        return b"".join((self.data[:start], model.encode(), self.data[end:]))


def peek_json(data: bytes) -> Body:
    """Read a JSON body. Raises Invalid naming what is wrong."""
    try:
        fields = _fields.decode(data)
    except (msgspec.MsgspecError, RecursionError) as error:
        _refuse_compressed(data)
        raise Invalid(f"The body is not a JSON object: {error}", code="invalid_json") from None
    if not fields.keys() <= USUAL:
        _refuse_steering(fields)
        if LAID_OVER in fields:
            _refuse_steering_within(fields[LAID_OVER])
    model = _value(fields, "model")
    if not isinstance(model, str) or not model:
        raise _model_missing()
    demand_a_name(model)
    stream = "stream" in fields and _is_streamed(fields["stream"])
    return Body(data=data, model=model, stream=stream, fields=fields)


def peek_form(data: bytes, content_type: str) -> Body:
    """Read a multipart form: its small fields only, never the file. Raises Invalid."""
    spans: dict[str, tuple[int, int]] = {}
    for name, span in form_parts(data, content_type.encode("latin-1", "replace")):
        if name == "model" and name in spans:
            raise Invalid("The form names two models", field="model", code="invalid_form")
        spans[name] = span
    _refuse_steering(spans)
    if LAID_OVER in spans:
        raise _not_accepted(LAID_OVER)
    start, end = spans.get("model", (0, 0))
    model = data[start:end].decode("utf-8", "replace").strip()
    if not model:
        _refuse_compressed(data)
        raise _model_missing()
    demand_a_name(model)
    begin, stop = spans.get("stream", (0, 0))
    stream = data[begin:stop].strip().lower() in (b"true", b"1")
    first, last = spans.get("response_format", (0, 0))
    told_as = data[first : min(last, first + LONGEST_NAME)].strip().lower()
    return Body(data=data, model=model, stream=stream, model_at=(start, end), told_as=told_as)


def demand_a_name(model: str) -> None:
    """Raise Invalid for what no model is called: it would be written down, and told back."""
    if len(model) > LONGEST_NAME:
        raise Invalid(
            f"The model's name has {len(model):,} characters; none has more than {LONGEST_NAME}",
            field="model",
            code="model_name_too_long",
        )


def _value(fields: Mapping[str, msgspec.Raw], name: str) -> object:
    raw = fields.get(name)
    if raw is None:
        return None
    try:
        value: object = msgspec.json.decode(raw)
    except msgspec.MsgspecError as error:
        raise Invalid(f"{name} is not JSON: {error}", field=name, code="invalid_json") from None
    return value


def _is_streamed(raw: msgspec.Raw) -> bool:
    """Raise Invalid for what engines may read as a wish, as of 1 and "yes", and LiteLLM does not.

    Nobody could pass on such an answer for what it is; OpenAI refuses them too.
    """
    told = bytes(raw)
    if told not in (b"true", b"false", b"null"):
        raise Invalid(
            f"stream should be true or false, not {told[:40].decode('utf-8', 'replace')}",
            field="stream",
            code="invalid_type",
        )
    return told == b"true"


def _silent(options: msgspec.Raw) -> bool:
    """Whether these stream options ask for no counts, neither at the end nor on the way."""
    try:
        told = _options.decode(options) or {}
    except msgspec.MsgspecError:
        return False  # the engine will say what is wrong with them
    asked = (told.get("include_usage"), told.get("continuous_usage_stats"))
    return all(raw is None or bytes(raw) in (b"false", b"null") for raw in asked)


def _with_usage(options: msgspec.Raw | None) -> msgspec.Raw:
    told = None if options is None else _options.decode(options)
    wanted = {**(told or {}), "include_usage": msgspec.Raw(b"true")}
    return msgspec.Raw(msgspec.json.encode(wanted))


def _refuse_compressed(data: bytes) -> None:
    """Neither JSON nor a form begins so; whatever the headers say."""
    for begin, how in _COMPRESSED.items():
        if data.startswith(begin):
            raise Compressed(how)


def _model_missing() -> Invalid:
    return Invalid("The request does not name a model", field="model", code="missing_model")


def _refuse_steering(names: Iterable[str]) -> None:
    for name in names:
        if name in USUAL:
            continue
        if steers(name):
            raise _not_accepted(name)


def _refuse_steering_within(laid_over: msgspec.Raw) -> None:
    """What LiteLLM lays over the request is looked at like the request itself, its model too."""
    try:
        names = _options.decode(laid_over) or {}
    except msgspec.MsgspecError:
        raise Invalid(
            f"{LAID_OVER} should be an object", field=LAID_OVER, code="invalid_json"
        ) from None
    for name in names:
        if steers_from_within(name):
            raise _not_accepted(f"{LAID_OVER}.{name}")


def _not_accepted(name: str) -> Invalid:
    return Invalid(f"{name} is not accepted here", field=name, code="field_not_allowed")
