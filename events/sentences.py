"""An event as a sentence for people: the docstring of its class with its own fields filled in."""

import string

import msgspec

from events.envelope import Event

LONGEST = 200  # characters of one value


def sentence(event: Event) -> str:
    """Tell what happened. Never raises: a field that does not fit is shown as it is."""
    template = (type(event).__doc__ or type(event).__name__).strip().splitlines()[0]
    told = _Sentence(event).format(template)
    return told[:-1] if told.endswith("..") and not told.endswith("...") else told


class _Words(str):
    """Written by the event itself to stand in its sentence as it is, also when it is empty."""


class _Sentence(string.Formatter):
    """Fills {field} and {field:.1f} from one event's fields and properties, and nothing else."""

    def __init__(self, event: Event) -> None:
        self._event = event

    def get_field(self, field_name: str, args: object, kwargs: object) -> tuple[object, str]:
        event = self._event
        words = isinstance(getattr(type(event), field_name, None), property)
        if not words and field_name not in event.__struct_fields__:
            return f"{{{field_name}}}", field_name
        value = getattr(event, field_name)
        return (_Words(value) if words and isinstance(value, str) else value), field_name

    def format_field(self, value: object, format_spec: str) -> str:
        if isinstance(value, _Words):
            return _shortened(value)
        try:
            return format(value, format_spec) if format_spec else in_words(value)
        except (TypeError, ValueError):
            return in_words(value)


def in_words(value: object) -> str:
    """Show one value on one line, shortened, with words for what is empty or switched."""
    match value:
        case None | "" | () | []:
            return "nothing"
        case True:
            return "on"
        case False:
            return "off"
        case str():
            text = value
        case tuple() | list():
            text = ", ".join(in_words(item) for item in value)
        case dict():
            text = msgspec.json.encode(value).decode()
        case _:
            text = str(value)
    return _shortened(text)


def _shortened(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
