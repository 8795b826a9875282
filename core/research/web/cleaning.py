"""Text as a reader would see it: nothing invisible, nothing that turns lines around.

Zero-width letters, tags and direction marks are how a page tells a model what it does not tell a
person. What is cleaned here is what is kept and cited, so that offsets stay true.
"""

import re
import unicodedata

MOST_TITLE = 300  # characters of a title, an author, a site's name

# Soft hyphens, zero-width and direction marks, invisible operators, fillers, tag letters.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff\U0001d173-\U0001d17a]"
)
# One after a sign says how it is drawn; several spell what nobody sees.
_SELECTORS = re.compile("[\ufe00-\ufe0f]{2,}|(?<=[A-Za-z\\s.,;:!?])[\ufe00-\ufe0f]")
# Joiners have a meaning inside Persian or Hindi words and between emoji, and nowhere in Latin ones.
_IDLE_JOINERS = re.compile(
    "(?<![\u0600-\u0fff\u1000-\u109f\u2190-\u2bff\ufe0f\U0001f000-\U0001faff])[\u200c\u200d]|[\u200c\u200d](?![\u0600-\u0fff\u1000-\u109f\u2190-\u2bff\U0001f000-\U0001faff])"
)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_SPACES = re.compile("[ \t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+")


def clean(text: str) -> str:
    """`text` without what can not be seen, in composed letters, with tidy line ends."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = re.sub("[\u2028\u2029\u0085]", "\n", text)
    text = _CONTROL.sub("", _IDLE_JOINERS.sub("", _INVISIBLE.sub("", text)))
    text = _SELECTORS.sub("", text)
    text = re.sub(r"[ \t]+\n", "\n", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def clean_prose(text: str) -> str:
    """The same for text whose spaces mean nothing, except those a line begins with."""
    lines = clean(text).split("\n")
    return "\n".join(_indent(line) + _SPACES.sub(" ", line).strip() for line in lines).strip()


def clean_line(text: str, most: int = MOST_TITLE) -> str:
    """One line for a title, a name, a date."""
    line = _SPACES.sub(" ", clean(text).replace("\n", " ")).strip()
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" "))][:12]


def cut(text: str, most: int) -> tuple[str, bool]:
    """At most `most` characters, ending with a paragraph or a line; and whether any were left."""
    if len(text) <= most:
        return text, False
    end = max(text.rfind("\n", most - most // 10, most), 0) or most
    return text[:end].rstrip(), True
