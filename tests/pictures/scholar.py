"""The model of the research that is portrayed: it reads and writes as a good model would.

Everything around it is real: search, pages, the check that each quote stands in its page, budgets.
Its notes are sentences of the little web, found in the page that it is given; its sentences say
what they say, but for one that no source bears, so that the picture shows what happens to it.
"""

import json
import re
from typing import Any

from tests.core.research.researcher import FENCE, Researcher

# By a word of what is asked: what stands in a page, and what is written of it.
KNOWN = {
    "high": {
        "Its summit is 4,812 metres above the sea, according to the survey of 2019.": (
            "Mount Ada is 4,812 metres high, as the survey of 2019 found."
        ),
        "Until then the height was given as 4,790 metres, a value that goes back to the survey of "
        "1962.": "Before that, maps gave 4,790 metres, a value from 1962.",
        "the older survey measured angles from the coast and corrected too little for the bending "
        "of light": "The mountain did not grow: the older survey corrected too little for the "
        "bending of light.",
        "The height was measured with satellite receivers that stood on the summit for 41 hours": (
            "Receivers stood on the summit for 41 hours to measure it."
        ),
        "4,790 was measured in 1962 from the coast.": (
            "The value from 1962 was measured from the coast."
        ),
        '"The mountain did not grow, our instruments did," said the head of the survey, Olga '
        "Renn.": "The survey's head calls it a matter of instruments.",
        "Everybody knows that Mount Ada is 4,900 metres high": (
            "A climber's diary says 4,900 metres, and gives no measurement for it."
        ),
    },
    "climbed": {
        "The first people on the summit were Ines Varga and her rope partner Pell Aaron, on 3 "
        "August 1931.": "Ines Varga and Pell Aaron were the first on its summit, on 3 August 1931.",
        "They climbed the eastern ridge, which is still the usual way.": (
            "They took the eastern ridge, still the usual way."
        ),
        "An earlier ascent in 1929 by Tomas Reid is sometimes claimed, but there is no evidence "
        "for it.": "An ascent by Tomas Reid in 1929 is sometimes claimed, without evidence.",
        "Her notebooks, which the library of Sund keeps, describe the weather and the way hour by "
        "hour.": "Her notebooks, kept in Sund, describe the way hour by hour.",
    },
    "railway": {
        "It opened on 1 May 1926 and is 61 kilometres long.": (
            "The railway of Norland opened on 1 May 1926."
        ),
    },
}
UNBORNE = "Its summit can be seen from the harbour of Sund on clear days."


class Scholar(Researcher):
    """Answers as its forerunner does, in better words."""

    def __init__(self) -> None:
        super().__init__()
        self.written: set[str] = set()

    def _notes(self, user: str) -> str:
        asked, page = user.partition("\n")[0], FENCE.split(user)[1]
        known = next((told for word, told in KNOWN.items() if word in asked), {})
        found = [(re.search(_spaced(quote), page), claim) for quote, claim in known.items()]
        notes = [{"claim": claim, "quote": quote[0]} for quote, claim in found if quote]
        return json.dumps({"notes": notes})

    def _compare(self, user: str) -> str:
        claims = dict(_claims(user))
        both = [number for number, claim in claims.items() if "4,812" in claim or "4,900" in claim]
        told = [{"notes": both[:2], "about": "the height"}] if len(both) > 1 else []
        return json.dumps({"contradictions": told})

    def _write(self, user: str) -> str:
        order = [claim for told in KNOWN.values() for claim in told.values()]
        new = [(number, claim) for number, claim in _claims(user) if claim not in self.written]
        new.sort(key=lambda one: order.index(one[1]))
        self.written |= {claim for _, claim in new}
        sentences: list[dict[str, Any]] = [{"text": text, "notes": [one]} for one, text in new]
        if any("summit" in text for _, text in new) and UNBORNE not in self.written:
            self.written.add(UNBORNE)
            sentences.append({"text": UNBORNE, "notes": [new[0][0]]})
        return json.dumps({"sentences": sentences})

    def _summary(self, user: str) -> str:
        wanted = ("4,812 metres high", "were the first on its summit")
        told = [
            {"text": claim, "notes": [number]}
            for want in wanted
            for number, claim in _claims(user)
            if want in claim
        ]
        return json.dumps({"sentences": list({one["text"]: one for one in told}.values())})

    def _check(self, user: str) -> str:
        return json.dumps({"unsupported": [one for one, text in _claims(user) if text == UNBORNE]})


def _claims(user: str) -> list[tuple[int, str]]:
    return [(int(n), text) for n, text in re.findall(r"(?m)^(\d+)\. (.*)", FENCE.split(user)[1])]


def _spaced(quote: str) -> str:
    return r"\s+".join(re.escape(word) for word in quote.split())
