"""What a server offers, as it is kept here: tools, resources, prompts. Nothing of the SDK."""

from typing import Any

import msgspec

from core.mcp.views import PromptView, ResourceView


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """One tool. `definition` is the hash of what it says of itself."""

    tool: str
    title: str
    description: str
    parameters: dict[str, Any]
    definition: str
    read_only: bool | None = None
    destructive: bool | None = None


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one server offers now."""

    tools: tuple[Tool, ...] = ()
    resources: tuple[ResourceView, ...] = ()
    prompts: tuple[PromptView, ...] = ()
    version: str = ""  # what it calls itself
    instructions: str = ""

    def tool(self, name: str) -> Tool | None:
        """The tool of that name, if it is offered."""
        return next((one for one in self.tools if one.tool == name), None)


NOTHING = Offer()
