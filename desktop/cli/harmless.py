"""What others wrote, so that it does nothing to the terminal it is shown in.

Anybody who may ask `/v1` names models, a model writes what it likes, and an engine logs both. A
terminal obeys what stands in such a text: it is renamed, its clipboard filled, lines written over.
Colours are let through, for we and engines use them.
"""

import re

_COLOUR = r"\x1b\[[0-9;:]*m"
_CONTROL = r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]"  # also what turns text round
_ANY = re.compile(f"({_COLOUR})|{_CONTROL}")
_BREAK = re.compile(r"\r\n?")
_IN_A_NAME = re.compile(rf"{_CONTROL}|[\t\n]")
_RAW = re.compile("[\x7f-\x9f]")  # JSON may hold these as they are
MARK = "\ufffd"


def harmless(text: str) -> str:
    """The text with a mark for whatever would steer a terminal, colours aside."""
    return _ANY.sub(lambda found: found[1] or MARK, _BREAK.sub("\n", text))


def on_one_line(text: object) -> str:
    """A name on one line, without colours of its own."""
    return _IN_A_NAME.sub(MARK, str(text))


def json_text(encoded: bytes) -> str:
    """JSON of the same meaning without a control character in it."""
    return _RAW.sub(lambda found: f"\\u{ord(found[0]):04x}", encoded.decode())
