"""One setting, described: the description is read off the field itself, so it can not be stale."""

import math
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from core.errors import Invalid

SettingType = Literal["text", "whole number", "number", "yes or no", "list of text"]

_NAMES: dict[Any, SettingType] = {
    str: "text",
    str | None: "text",
    int: "whole number",
    float: "number",
    bool: "yes or no",
    tuple[str, ...]: "list of text",
}
_TYPES: dict[SettingType, Any] = {
    "text": str,
    "whole number": int,
    "number": float,
    "yes or no": bool,
    "list of text": tuple[str, ...],
}
_WORDS = {"yes": "true", "on": "true", "no": "false", "off": "false"}


def about(
    help: str,
    *,
    environment: str = "",
    unit: str = "",
    restart: bool = False,
    secret: bool = False,
    least: float | None = None,
    most: float | None = None,
    choices: tuple[str, ...] = (),
) -> Meta:
    """What a field of the settings means, in a sentence, with what its type does not say.

    `choices`: the words that a text may be.
    """
    extra = {
        "environment": environment,
        "unit": unit,
        "restart": restart,
        "secret": secret,
        "choices": choices,
    }
    return Meta(description=help, ge=least, le=most, extra=extra)


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """A setting's description: for the settings page, the documents and the checks."""

    key: str
    type: SettingType
    default: Any
    help: str
    environment: str  # the variable that sets it
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()  # the words that a text may be; empty: any
    optional: bool = False  # may be unset
    needs_restart: bool = False
    secret: bool = False  # not changeable through the log, shown as "•••"


def described(settings: type[msgspec.Struct]) -> tuple[Setting, ...]:
    """A description of every field that has an `about`, in the order in which they stand."""
    hints = get_type_hints(settings, include_extras=True)
    return tuple(
        _described(field, *get_args(hints[field.name]))
        for field in msgspec.structs.fields(settings)
        if get_origin(hints[field.name]) is Annotated
    )


def _described(field: msgspec.structs.FieldInfo, bare: object, meta: Meta) -> Setting:
    extra: dict[str, Any] = meta.extra or {}
    return Setting(
        key=field.name,
        type=_NAMES[bare],
        default=field.default,
        help=meta.description or "",
        environment=extra["environment"] or f"VLLM_STUDIO_{field.name.upper()}",
        unit=extra["unit"],
        minimum=meta.ge,
        maximum=meta.le,
        choices=extra["choices"],
        optional=bare == str | None,
        needs_restart=extra["restart"],
        secret=extra["secret"],
    )


def typed(setting: Setting, value: object, *, text: bool = False) -> object:
    """`value` as the setting's own type. `text`: it comes from an environment variable.

    None puts the default back, and so does empty text where a setting may be unset.
    Invalid says what would be right, and never repeats a secret.
    """
    if value is None or (value == "" and setting.optional):
        return setting.default
    if text and isinstance(value, str):
        value = _from_text(setting, value)
    limits = Meta(ge=setting.minimum, le=setting.maximum)
    try:
        converted: object = msgspec.convert(
            value, Annotated[_TYPES[setting.type], limits], strict=not text
        )
        if isinstance(converted, float) and not math.isfinite(converted):
            raise ValueError(converted)
        if setting.choices and converted not in setting.choices:
            raise ValueError(converted)
    except ValueError:  # msgspec's own is one, too
        raise Invalid(_wrong(setting, value), field=setting.key, code="setting-value") from None
    return converted


def _from_text(setting: Setting, value: str) -> object:
    if setting.type == "list of text":
        return [part.strip() for part in value.split(",") if part.strip()]
    if setting.type == "yes or no":
        return _WORDS.get(value.lower(), value)
    return value


def _wrong(setting: Setting, value: object) -> str:
    article = "" if setting.type == "yes or no" else "a "
    bounds = f" from {setting.minimum:g}" if setting.minimum is not None else ""
    bounds += f" to {setting.maximum:g}" if setting.maximum is not None else ""
    got = "" if setting.secret else f", not {value!r}"
    return f"{setting.key} should be {article}{setting.type}{bounds}{got}"
