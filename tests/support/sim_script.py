"""What the sim engine says: tokens, a thought before them, a tool call, or JSON by a schema.

The request itself decides, so that a test needs no knob: tools and the word "call" make a tool
call, the word "think" (or reasoning asked for) a thought, a schema makes JSON, and the result of a
tool is told back. Everything else is `None`: the plain "tok0 tok1 tok2 …".
Standard library only; loaded by sim_engine.py from beside it.
"""

# ruff: noqa: D103 - a test program: names say the rest

import json
import re
from dataclasses import dataclass
from typing import Any

THOUGHT = ("hm0", " hm1", " hm2")


@dataclass(frozen=True)
class Piece:
    """One token of an answer. `call`: which tool call it belongs to."""

    kind: str  # reasoning | text | tool
    text: str
    name: str = ""  # of the tool
    call: int = 0


@dataclass(frozen=True)
class Asked:
    """A request in whatever format, as far as the answer depends on it."""

    text: str = ""  # the last thing said by the user
    result: str | None = None  # the last thing said is a tool's result
    tools: tuple[tuple[str, Any], ...] = ()  # names and schemas of their parameters
    choice: str | None = None  # none | auto | required | the name of a tool
    thinks: bool = False
    schema: Any = None
    choices: tuple[str, ...] = ()  # structured output: one of these

    def script(self) -> list[Piece] | None:
        """What is said; None: plain tokens, as many as the knobs say."""
        thought = [Piece("reasoning", word) for word in THOUGHT] if self._wants_thought() else []
        if self._wants_call():
            wanted = [tool for tool in self.tools if tool[0] == self.choice] or self.tools[:1]
            more = self.tools[1:2] if "twice" in self.text else ()
            calls = [
                Piece("tool", part, name, number)
                for number, (name, schema) in enumerate((*wanted, *more))
                for part in parts(json.dumps(example(schema)))
            ]
            return thought + calls
        said = self._said()
        if said is None:
            return thought or None
        return thought + [Piece("text", part) for part in parts(said)]

    def _said(self) -> str | None:
        if self.schema is not None:
            return json.dumps(example(self.schema))
        if self.choices:
            return self.choices[0]
        return None if self.result is None else f"The tool said {self.result}"

    def _wants_thought(self) -> bool:
        return self.thinks or "think" in self.text.split()

    def _wants_call(self) -> bool:
        if not self.tools or self.choice == "none":
            return False
        if self.choice not in (None, "auto"):
            return True
        return self.result is None and "call" in self.text.split()


def parts(text: str) -> list[str]:
    """A text in tokens; put together they are the text."""
    return re.findall(r"\s*\S+|\s+$", text) or [text]


def example(schema: Any, root: Any = None, name: str = "") -> Any:
    """The simplest value of a JSON schema."""
    root = schema if root is None else root
    if not isinstance(schema, dict):
        return None
    if "$ref" in schema:
        return example(root["$defs"][schema["$ref"].rpartition("/")[2]], root, name)
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            return example(schema[key][0], root, name)
    if "const" in schema or "enum" in schema:
        return schema.get("const", (schema.get("enum") or [None])[0])
    match schema.get("type"):
        case "object":
            return {k: example(v, root, k) for k, v in schema.get("properties", {}).items()}
        case "array":
            return [example(schema.get("items", {}), root, name)]
        case "integer":
            return 7
        case "number":
            return 1.5
        case "boolean":
            return True
        case "null":
            return None
        case _:
            return f"a {name}" if name else "sim"


# Reading requests


def text_of(content: Any) -> str:
    """The words of a message, whatever form its content has."""
    if isinstance(content, str):
        return content
    found = [part.get("text") or part.get("content") or "" for part in content or ()
             if isinstance(part, dict)]  # fmt: skip
    return " ".join(text_of(one) if isinstance(one, list) else str(one) for one in found)


def asked_in_chat(body: dict[str, Any]) -> Asked:
    messages = body.get("messages") or [{}]
    last = messages[-1]
    form = body.get("response_format") or {}
    guided = body.get("structured_outputs") or {}
    schema = (form.get("json_schema") or {}).get("schema") or guided.get("json")
    return Asked(
        text=text_of(last.get("content")) if last.get("role") == "user" else "",
        result=text_of(last.get("content")) if last.get("role") == "tool" else None,
        tools=tuple(
            (tool["function"]["name"], tool["function"].get("parameters") or {"type": "object"})
            for tool in body.get("tools") or ()
        ),
        choice=_named(body.get("tool_choice")),
        thinks=body.get("reasoning_effort") not in (None, "none"),
        schema=schema or body.get("guided_json"),
        choices=tuple(guided.get("choice") or body.get("guided_choice") or ()),
    )


def asked_in_responses(body: dict[str, Any]) -> Asked:
    given = body.get("input") or ""
    items = given if isinstance(given, list) else [{"role": "user", "content": given}]
    last = items[-1] if items else {}
    form = (body.get("text") or {}).get("format") or {}
    return Asked(
        text=text_of(last.get("content")) if last.get("role") == "user" else "",
        result=last.get("output") if last.get("type") == "function_call_output" else None,
        tools=tuple((t["name"], t.get("parameters")) for t in body.get("tools") or ()),
        choice=_named(body.get("tool_choice")),
        thinks=((body.get("reasoning") or {}).get("effort")) not in (None, "none"),
        schema=form.get("schema"),
    )


def asked_in_messages(body: dict[str, Any]) -> Asked:
    last = (body.get("messages") or [{}])[-1]
    content = last.get("content")
    blocks = content if isinstance(content, list) else []
    results = [block for block in blocks if block.get("type") == "tool_result"]
    choice = body.get("tool_choice") or {}
    named = {"any": "required", "tool": choice.get("name")}
    return Asked(
        text="" if results else text_of(content),
        result=text_of(results[-1].get("content")) if results else None,
        tools=tuple((t["name"], t.get("input_schema")) for t in body.get("tools") or ()),
        choice=named.get(choice.get("type", ""), choice.get("type")),
        thinks=(body.get("thinking") or {}).get("type") in ("enabled", "adaptive"),
        schema=((body.get("output_config") or {}).get("format") or {}).get("schema"),
    )


def _named(choice: Any) -> str | None:
    if isinstance(choice, dict):
        return str(choice.get("name") or choice.get("function", {}).get("name"))
    return choice if choice is None else str(choice)
