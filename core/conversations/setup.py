"""How a conversation asks its model: which one, under what prompt, with which parameters and tools.

It is said once for a conversation and sent with each reply. What it says may be private, so it is
sealed like what is said.
"""

from typing import Any

import msgspec

from core.conversations.parameters import demand_parameters
from core.errors import Invalid

MOST_SYSTEM = 200_000  # characters
MOST_NAME = 200  # characters of a model's, a tool's or a preset's name
MOST_TOOLS = 200


class Setup(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is set; what is left out is as the model has it. New fields have defaults."""

    model: str = ""  # by its name; empty: whatever is resident
    system: str = ""
    parameters: dict[str, Any] = msgspec.field(default_factory=dict)
    tools: tuple[str, ...] = ()  # "server", or "server/tool"
    preset: str = ""  # the preset that it was taken from


class SetupWish(Setup, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A setup as it is asked for: a field that nobody knows is a mistake."""


def demand_setup(setup: Setup, *, at: str = "setup") -> Setup:
    """It, without needless blanks. Raises Invalid, at the field that is wrong."""
    for field, most in (("system", MOST_SYSTEM), ("model", MOST_NAME), ("preset", MOST_NAME)):
        if len(getattr(setup, field)) > most:
            raise Invalid(f"{field} has at most {most} characters", field=f"{at}.{field}")
    if len(setup.tools) > MOST_TOOLS or any(not 0 < len(one) <= MOST_NAME for one in setup.tools):
        raise Invalid(
            f"tools are at most {MOST_TOOLS} names of servers, or server/tool", field=f"{at}.tools"
        )
    demand_parameters(setup.parameters, at=f"{at}.parameters")
    return msgspec.structs.replace(setup, system=setup.system.strip(), model=setup.model.strip())


def sealable_setup(setup: Setup) -> bytes:
    """As it is encrypted. Raises Invalid."""
    try:
        return msgspec.json.encode(setup)
    except UnicodeEncodeError:
        raise Invalid("the setup holds half a character", field="setup") from None


def opened_setup(plain: bytes) -> Setup | None:
    """What was encrypted; None where it can not be understood."""
    try:
        return msgspec.json.decode(plain, type=Setup)
    except msgspec.MsgspecError:
        return None
