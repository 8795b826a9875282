"""An MCP server over stdio, made with the official SDK, that has one of everything to look at."""

import os
import sys

from mcp.server.mcpserver import MCPServer
from mcp_types import ToolAnnotations

server = MCPServer("library", version="1.0.0", instructions="Ask for a book by its number.")
print(f"the library opens, {len(os.environ.get('LIBRARY_CARD', ''))} characters", file=sys.stderr)
BOOKS = {"7": "Moby-Dick", "8": "Middlemarch"}


@server.tool(title="Look up a book", annotations=ToolAnnotations(read_only_hint=True))
def look_up(number: str) -> str:
    """What a book is called."""
    return BOOKS.get(number, "no such book")


@server.tool(annotations=ToolAnnotations(destructive_hint=True))
def burn(number: str) -> str:
    """Lose a book for ever."""
    return f"{BOOKS.get(number, 'nothing')} is ashes"


@server.resource("library://catalogue", title="Catalogue", mime_type="text/plain")
def catalogue() -> str:
    """Every book."""
    return "\n".join(f"{number}: {title}" for number, title in BOOKS.items())


@server.resource("library://book/{number}", title="One book", mime_type="text/plain")
def book(number: str) -> str:
    """A book by its number."""
    return f"Call me {BOOKS[number]}."


@server.prompt(title="Recommend a book")
def recommend(taste: str) -> str:
    """Asks for a recommendation."""
    return f"Recommend a book to somebody who likes {taste}."


if __name__ == "__main__":
    server.run()
