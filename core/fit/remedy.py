"""One change to a recipe after which it fits."""

from typing import Any

import msgspec


class Remedy(msgspec.Struct, frozen=True, kw_only=True):
    """Fields of the recipe to set, checked by estimating the changed recipe again."""

    patch: dict[str, Any]
    sentence: str  # "Lower context_length to 24576: it then needs 21.4 of 23.6 GiB."
    needs: int
    allowed: int
