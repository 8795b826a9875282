"""A recipe as plain data, as it stands in the log, and back."""

from collections.abc import Mapping
from typing import Any

import msgspec

from core.errors import Invalid
from core.recipes.recipe import Lora, Price, Recipe, Speculative

_NESTED: dict[str, type[msgspec.Struct]] = {"speculative": Speculative, "price": Price}


def plain(recipe: Recipe) -> dict[str, Any]:
    """What is set, exactly as JSON gives it back: no defaults, lists for tuples."""
    data: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(recipe))
    return data


def from_data(data: Mapping[str, Any]) -> Recipe:
    """The recipe that the log holds, even when another version wrote it.

    Fields we do not know are passed over, and no rule is applied: it was saved under the rules of
    its time. Raises Invalid when a field we know has a shape we do not.
    """
    try:
        return msgspec.convert(_known_parts(data), Recipe)
    except msgspec.ValidationError as error:
        raise Invalid(f"the recipe is of another version: {error}", code="recipe-shape") from None


def _known_parts(data: Mapping[str, Any]) -> Any:  # noqa: ANN401 - plain data
    known = _only_known(data, Recipe)
    if not isinstance(known, dict):
        return known
    for key, shape in _NESTED.items():
        if key in known:
            known[key] = _only_known(known[key], shape)
    if isinstance(loras := known.get("loras"), list | tuple):
        known["loras"] = [_only_known(lora, Lora) for lora in loras]
    return known


def _only_known(data: Any, shape: type[msgspec.Struct]) -> Any:  # noqa: ANN401 - plain data
    """The fields of `shape` in a table; anything else as it is, for the conversion to judge."""
    if not isinstance(data, Mapping):
        return data
    return {key: value for key, value in data.items() if key in shape.__struct_fields__}
