"""A recipe as plain data, as it stands in the log, and back."""

from collections.abc import Mapping
from typing import Any

import msgspec

from core.recipes.recipe import Lora, Price, Recipe, Speculative

_KNOWN = frozenset(Recipe.__struct_fields__)
_NESTED: dict[str, type[msgspec.Struct]] = {"speculative": Speculative, "price": Price}


def plain(recipe: Recipe) -> dict[str, Any]:
    """What is set, exactly as JSON gives it back: no defaults, lists for tuples."""
    data: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(recipe))
    return data


def from_data(data: Mapping[str, Any]) -> Recipe:
    """The recipe that the log holds, even when another version wrote it.

    Fields we do not know are passed over, and no rule is applied: it was saved under the rules of
    its time. Raises msgspec.ValidationError when a field we know has a shape we do not.
    """
    kept = {key: value for key, value in data.items() if key in _KNOWN}
    for key, shape in _NESTED.items():
        if isinstance(kept.get(key), Mapping):
            kept[key] = _only_known(kept[key], shape)
    if "loras" in kept:
        kept["loras"] = [_only_known(lora, Lora) for lora in kept["loras"]]
    return msgspec.convert(kept, Recipe)


def _only_known(data: Mapping[str, Any], shape: type[msgspec.Struct]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if key in shape.__struct_fields__}
