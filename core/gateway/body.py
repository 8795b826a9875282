"""What the proxy needs to know of a request's body, and the little that it changes in it.

Only the outermost layer is looked at: `model`, `stream`, and the names of the other fields, whose
values are passed on as they were written (big numbers, odd escapes and unknown fields included).
A body that already names the model as the upstream does is passed on byte for byte, unless its
recipe has a filter.
"""

import re
from collections.abc import Iterable, Mapping

import msgspec

from core.errors import Invalid
from core.steering import steers

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_BOUNDARY = re.compile(r'boundary=(?:"([^"]+)"|([^;\s]+))', re.IGNORECASE)
_NAME = re.compile(rb'[;\s]name="?([^";\r\n]*)"?', re.IGNORECASE)


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


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """A request's body with what was read from it."""

    data: bytes
    model: str  # as the caller names it
    stream: bool
    fields: Mapping[str, msgspec.Raw] | None = None  # JSON
    model_at: tuple[int, int] = (0, 0)  # where the name stands in a form

    def demand(self, field: str) -> None:
        """Raise Invalid when a JSON body lacks `field`; an empty name demands nothing."""
        if field and self.fields is not None and field not in self.fields:
            raise Invalid(
                f"Missing required parameter: '{field}'", field=field, code="missing_parameter"
            )

    def sent(self, model: str, through: Filter | None) -> bytes:
        """The body to send upstream: with the model called `model`, and filtered."""
        if through is None or self.fields is None:
            return self.naming(model)
        kept = {name: raw for name, raw in self.fields.items() if name not in through.strip}
        name = msgspec.Raw(msgspec.json.encode(model))
        return msgspec.json.encode({**kept, **dict(through.put), "model": name})

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
        raise Invalid(f"The body is not a JSON object: {error}", code="invalid_json") from None
    _refuse_steering(fields)
    model = _value(fields, "model")
    if not isinstance(model, str) or not model:
        raise _model_missing()
    return Body(data=data, model=model, stream=_value(fields, "stream") is True, fields=fields)


def peek_form(data: bytes, content_type: str) -> Body:
    """Read a multipart form: its small fields only, never the file. Raises Invalid."""
    boundary = _BOUNDARY.search(content_type)
    if boundary is None:
        raise Invalid("The body is not a multipart form with a boundary", code="invalid_form")
    spans = dict(_form_fields(data, (boundary[1] or boundary[2]).encode()))
    _refuse_steering(spans)
    start, end = spans.get("model", (0, 0))
    model = data[start:end].decode("utf-8", "replace").strip()
    if not model:
        raise _model_missing()
    begin, stop = spans.get("stream", (0, 0))
    stream = data[begin:stop].strip().lower() in (b"true", b"1")
    return Body(data=data, model=model, stream=stream, model_at=(start, end))


def _value(fields: Mapping[str, msgspec.Raw], name: str) -> object:
    raw = fields.get(name)
    if raw is None:
        return None
    try:
        value: object = msgspec.json.decode(raw)
    except msgspec.MsgspecError as error:
        raise Invalid(f"{name} is not JSON: {error}", field=name, code="invalid_json") from None
    return value


def _model_missing() -> Invalid:
    return Invalid("The request does not name a model", field="model", code="missing_model")


def _refuse_steering(names: Iterable[str]) -> None:
    for name in names:
        if steers(name):
            raise Invalid(f"{name} is not accepted here", field=name, code="field_not_allowed")


def _form_fields(data: bytes, boundary: bytes) -> Iterable[tuple[str, tuple[int, int]]]:
    """Every part's name and where its content stands. Parts end with CRLF and the boundary."""
    mark = b"--" + boundary
    at = 0 if data.startswith(mark) else data.find(b"\r\n" + mark) + 2
    while data.startswith(mark, at) and not data.startswith(b"--", at + len(mark)):
        head_end = data.find(b"\r\n\r\n", at)
        end = data.find(b"\r\n" + mark, head_end + 2)
        if head_end < 0 or end < 0:
            return
        name = _NAME.search(data, at, head_end)
        if name is not None:
            yield name[1].decode("utf-8", "replace"), (min(head_end + 4, end), end)
        at = end + 2
