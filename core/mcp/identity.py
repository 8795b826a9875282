"""What an approval is bound to: which server, which tool, with which arguments. Pure.

Another program, another argument, another address, another description or schema of the tool:
each gives another hash, and what was approved before is asked for again.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from core.mcp.server import McpServer

LENGTH = 32  # hex digits


def fingerprint(server: McpServer, held: str = "") -> str:
    """Of what a server is started with; `held`: a keyed hash of what its environment holds.

    Of headers only the names count: they say who asks, not what is done.
    """
    started = [server.transport, server.command, server.args, server.cwd, server.url]
    return _hash([*started, sorted(server.env), sorted(server.headers), held])


def definition(tool: str, title: str, description: str, parameters: dict[str, Any]) -> str:
    """Of what a tool says of itself."""
    return _hash([tool, title, description, parameters])


def mark(server: str, tool: str, fingerprint: str, definition: str, arguments_hash: str) -> str:
    """Of everything that a question is about: who was shown this saw it, and nothing else."""
    return _hash([server, tool, fingerprint, definition, arguments_hash])


def arguments_hash(key: str, arguments: Mapping[str, Any]) -> str:
    """Of a call's arguments, keyed: what people say is short, and would be found by guessing."""
    return hmac.new(key.encode(), canonical(arguments), hashlib.sha256).hexdigest()[:LENGTH]


def canonical(value: Any) -> bytes:  # noqa: ANN401 - any JSON
    """The same bytes for the same JSON, whatever the order of its keys."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return text.encode()


def _hash(value: Any) -> str:  # noqa: ANN401 - any JSON
    return hashlib.sha256(canonical(value)).hexdigest()[:LENGTH]
