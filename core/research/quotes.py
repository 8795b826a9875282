"""Where a quote stands in a captured text. Pure.

First as it is. Then whatever the white space and the typography: models straighten quotation
marks, join lines, drop the marks of Markdown. What is found is always a span of the captured text
itself, and what it holds is what is shown; what is not found is no quote.
"""

import re
import unicodedata

LEAST = 12  # letters and digits: less is found anywhere
MOST = 1_200  # characters of a quote: more is no passage
WIDER = 400  # characters in which the rest of its first and last sentence is looked for
_ENDS = re.compile(r"(?<=[^\s\d.][.!?])[\"”’)\]]*\s+|(?<=\d[.!?])\s+(?=[A-ZÄÖÜ])|[。！？]|\n")
_STOPS = re.compile(r"[.!?。！？][\"”’)\]]*\Z")
_SAME = str.maketrans(
    {
        "‘": "'", "’": "'", "‚": "'", "‛": "'", "′": "'", "`": "'",
        "“": '"', "”": '"', "„": '"', "‟": '"', "″": '"', "«": '"', "»": '"',
        "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "―": "-", "−": "-",
    }
)  # fmt: skip
_PASSED_OVER = frozenset("*_#>|\\\u00ad\u200b\u200c\u200d\ufeff")  # of Markdown, and unseen


def span_of(quote: str, text: str) -> tuple[int, int] | None:
    """Start and end of the quote in the text; None where it is not there."""
    quote = quote.strip().strip('"“”„»«').strip()
    if len(quote) > MOST or sum(one.isalnum() for one in quote) < _least(quote):
        return None
    at = text.find(quote)
    if at >= 0:
        return at, at + len(quote)
    return _tolerant(quote, text)


def stands_in(words: str, text: str) -> bool:
    """Whether a text has these very words, whatever the white space and the typography."""
    wanted, _ = _folded(words)
    return bool(wanted) and wanted in _folded(text)[0]


def whole(span: tuple[int, int], text: str) -> tuple[int, int]:
    """The span, grown to whole sentences: what stands before half a sentence may deny it."""
    start, end = span
    first = max(0, start - WIDER)
    begins = [one.end() for one in _ENDS.finditer(text, first, start)]
    if begins or first == 0:
        start = begins[-1] if begins else 0
    if _STOPS.search(text[start:end]) is None:
        ends = _ENDS.search(text, end, end + WIDER)
        if ends is not None:
            end = ends.end()
        elif len(text) <= end + WIDER:
            end = len(text)
    told = text[start:end]
    start, end = start + len(told) - len(told.lstrip()), start + len(told.rstrip())
    return min(start, span[0]), max(end, span[1])


def _least(quote: str) -> int:
    """A script without spaces says more with each letter."""
    wide = any(unicodedata.east_asian_width(one) in "WF" for one in quote)
    return LEAST // 2 if wide else LEAST


def _tolerant(quote: str, text: str) -> tuple[int, int] | None:
    wanted, _ = _folded(quote)
    if not wanted:
        return None
    told, places = _folded(text)
    at = told.find(wanted)
    if at < 0:
        return None
    return places[at], places[at + len(wanted) - 1] + 1


def _folded(text: str) -> tuple[str, list[int]]:
    """The text without what may differ, and where each of its characters was."""
    told: list[str] = []
    places: list[int] = []
    for at, one in enumerate(text):
        if one.isspace() or one in _PASSED_OVER:
            continue
        if one == "…":
            one = "..."
        for letter in unicodedata.normalize("NFKC", one).translate(_SAME).casefold():
            told.append(letter)
            places.append(at)
    return "".join(told), places
