"""One thing that is wrong with a recipe, or worth a second look before it is started."""

from typing import Literal

import msgspec


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """`field` is a path such as "loras[0].path"; an error prevents saving, a warning does not."""

    field: str
    message: str
    severity: Literal["error", "warning"] = "error"


def wrong(field: str, message: str) -> Problem:
    """An error."""
    return Problem(field=field, message=message)


def doubtful(field: str, message: str) -> Problem:
    """A warning."""
    return Problem(field=field, message=message, severity="warning")
