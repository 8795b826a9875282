"""What a model is asked for a title with, and what of its answer is one. Pure.

A title is refused, and the first line of what was said stays, where it

1. is empty once it is cleaned, or holds no letter
2. is longer than 60 characters or ten words: it is an answer, not a title
3. begins as an answer to a person does: "Sure", "I", "Here is" …
4. is how the answer itself begins: the model said it again
"""

import re

from core.chat.thinking import ThinkSplitter

MOST = 60  # characters
MOST_WORDS = 10
SEEN = 1500  # characters of question and answer each; a title needs no more
_WISH = (
    "Give this conversation a title of two to six words, in the language of the question. "
    "Answer with the title alone, without quotes and without a full stop."
)
_MARKS = re.compile(r"[*_`~#>]+|^\s*(?:[-+•]|\d+[.)])\s+")
_LABEL = re.compile(r"^(?:the\s+)?(?:title|titel|标题|題目)\s*(?:is)?\s*[:：-]\s*", re.IGNORECASE)
_QUOTES = " \"'“”„‟‘’‚«»‹›「」『』《》〈〉()[]{}"
_ANSWERS = re.compile(
    r"^(?:sure|certainly|of course|okay|ok|yes|no|hello|hi|sorry|i|i'm|i’m|i am|as an|here is|"
    r"here's|here’s|this conversation|the conversation|ich|natürlich|gerne|hallo|hier ist|"
    r"当然|好的|你好|我)(?:\b|(?<=[\u4e00-\u9fff]))",
    re.IGNORECASE,
)


def wish(question: str, answer: str) -> str:
    """What the model is asked; it may be what it reads, so both are cut short."""
    return f"{_WISH}\n\nQuestion:\n{question[:SEEN]}\n\nAnswer:\n{answer[:SEEN]}\n\n{_WISH}"


def title_of(said: str, answer: str = "") -> str | None:
    """The title in what a model said, after this answer; None where there is none."""
    title = _plain(_first_line(_without_thoughts(said)))
    if _letters(answer).startswith(_letters(title)):
        return None
    is_short = len(title) <= MOST and len(title.split()) <= MOST_WORDS
    has_letters = any(letter.isalpha() for letter in title)
    return title if is_short and has_letters and not _ANSWERS.match(title) else None


def _letters(text: str) -> str:
    return "".join(letter for letter in text[:SEEN].casefold() if letter.isalnum())


def _without_thoughts(said: str) -> str:
    splitter = ThinkSplitter()
    begun, rest = splitter.push(said), splitter.finish()
    return begun.text + rest.text


def _first_line(said: str) -> str:
    return next((line for line in said.splitlines() if line.strip()), "")


def _plain(line: str) -> str:
    """Without marks, quotes, a label before it and a full stop behind it."""
    shown = "".join(letter for letter in line if letter.isprintable())
    title = " ".join(_MARKS.sub("", shown).split()).strip(_QUOTES)
    title = _LABEL.sub("", title).strip(_QUOTES)
    return title.rstrip(".。:：,，;").strip(_QUOTES)
