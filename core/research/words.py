"""What the studio itself says in a report, in the language of the question. Pure."""

import re
from typing import Literal

Language = Literal["en", "de", "zh"]

_WIDE = re.compile(r"[\u3400-\u9fff]")
_KANA = re.compile(r"[\u3040-\u30ff\uac00-\ud7af]")
_GERMAN = frozenset(
    re.findall(
        r"\w+",
        "der die das und ist sind ein eine wie wann wer wo warum welche welcher welches für von "
        "mit den dem des gibt nicht auf im zum zur wird werden hat haben über",
    )
)
_ENGLISH = frozenset(
    re.findall(
        r"\w+",
        "the and is are a an how when who where why which what for of with to not on in does do "
        "has have about was were",
    )
)

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "unsupported": "not supported by the sources",
        "disagree": "The sources disagree",
        "nothing": "Nothing was found about this.",
        "sources": "Sources",
        "read": "read on {date}",
        "minutes/reading": "The time for reading was used up: this is written from what had been "
        "read by then.",
        "tokens/reading": "The tokens for reading were used up: this is written from what had "
        "been read by then.",
        "sources/reading": "More pages were found than the budget of {sources} allowed to read.",
        "minutes/writing": "The time was used up: what was left to write was put together from "
        "the notes, without a model.",
        "tokens/writing": "The tokens were used up: what was left to write was put together from "
        "the notes, without a model.",
    },
    "de": {
        "unsupported": "von den Quellen nicht belegt",
        "disagree": "Die Quellen widersprechen sich",
        "nothing": "Dazu wurde nichts gefunden.",
        "sources": "Quellen",
        "read": "gelesen am {date}",
        "minutes/reading": "Die Zeit zum Lesen war verbraucht: Dies beruht auf dem, was bis dahin "
        "gelesen war.",
        "tokens/reading": "Die Token zum Lesen waren verbraucht: Dies beruht auf dem, was bis "
        "dahin gelesen war.",
        "sources/reading": "Es wurden mehr Seiten gefunden, als das Budget von {sources} zu lesen "
        "erlaubte.",
        "minutes/writing": "Die Zeit war verbraucht: Der Rest wurde ohne Modell aus den Notizen "
        "zusammengestellt.",
        "tokens/writing": "Die Token waren verbraucht: Der Rest wurde ohne Modell aus den Notizen "
        "zusammengestellt.",
    },
    "zh": {
        "unsupported": "来源不支持此说法",
        "disagree": "来源相互矛盾",
        "nothing": "没有找到相关内容。",
        "sources": "来源",
        "read": "阅读于 {date}",
        "minutes/reading": "阅读时间已用完：以下内容依据此前读到的资料写成。",
        "tokens/reading": "阅读可用的令牌已用完：以下内容依据此前读到的资料写成。",
        "sources/reading": "找到的页面多于预算允许阅读的 {sources} 个。",
        "minutes/writing": "时间已用完：其余部分由笔记直接整理而成，未使用模型。",
        "tokens/writing": "令牌已用完：其余部分由笔记直接整理而成，未使用模型。",
    },
}


def language_of(text: str) -> Language:
    """The language of a question, of those that the studio speaks; English where it is another."""
    if _WIDE.search(text) and not _KANA.search(text):
        return "zh"
    words = re.findall(r"[^\W\d_]+", text.casefold())
    german = sum(one in _GERMAN for one in words) + sum(one in "äöüß" for one in text.casefold())
    return "de" if german > sum(one in _ENGLISH for one in words) else "en"
