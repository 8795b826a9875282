"""One language, ready to speak: its words, its figures, and what the server says in it."""

from collections.abc import Callable, Mapping
from functools import cached_property

from core.loading_words import ALMOST_S, coarse
from desktop.words import de, en, zh
from desktop.words.catalogue import Words
from desktop.words.language import Language
from desktop.words.said import TONGUES, Speaker

CATALOGUES: dict[Language, Words] = {"en": en.WORDS, "de": de.WORDS, "zh": zh.WORDS}

Templates = Callable[[str], Mapping[str, str]]


def none_known(_: str) -> Mapping[str, str]:
    """No templates: what the server says stays English."""
    return {}


class Speech:
    """`templates` tells a language's words for the server's sentences, when they are needed."""

    def __init__(self, language: Language = "en", templates: Templates = none_known) -> None:
        self.language = language
        self.words = CATALOGUES[language]
        self._templates = templates

    def told(self, text: str) -> str:
        """What the server said in English; as it is where there are no words for it."""
        return text if self.language == "en" or not text else self._speaker.told(text)

    def how_far(self, percent: float | None, eta_s: float | None, *, late: bool = False) -> str:
        """A clause behind a name: " 42 %, about 12 s left"; empty when nothing is known."""
        share = "" if percent is None else self.words.share.format(n=f"{percent:.0f}")
        left = self._time_left(eta_s, late=late)
        return share + self.words.then_left.format(left=left) if left else share

    def _time_left(self, eta_s: float | None, *, late: bool) -> str:
        if late:
            return self.words.later_than_usual
        if eta_s is None:
            return ""
        if eta_s < ALMOST_S:
            return self.words.almost_there
        return self.words.about_left.format(time=self._time(eta_s))

    def about(self, seconds: float) -> str:
        """ "about 12 s": as exact as such a guess can be."""
        return self.words.about.format(time=self._time(seconds))

    def _time(self, seconds: float) -> str:
        figure, unit = coarse(seconds)
        units = {"s": self.words.seconds, "min": self.words.minutes, "h": self.words.hours}
        return units[unit].format(n=figure.replace(".", self.words.decimal))

    @cached_property
    def _speaker(self) -> Speaker:
        return Speaker(self._templates(self.language), TONGUES[self.language])
