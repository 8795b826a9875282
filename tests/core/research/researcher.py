"""A model for research that a test can foresee: it answers by the kind of the question.

It takes as notes the sentences of a page that share words with what is asked, and adds a claim
whose quote it made up. It writes one sentence for each note, one that its notes do not bear, and
one from a note that there is not.
"""

import json
import re
from typing import Any

STEPS = ("How high is Mount Ada?", "Who climbed Mount Ada first?")
GAP = "When was the railway to Mount Ada opened?"
INVENTED = "The moon above Norland is made of green cheese entirely."
UNBORNE = "Mount Ada is covered by a layer of green cheese."
FENCE = re.compile(r"<<[0-9a-f]{12}>>")
COMMON = frozenset(
    re.findall(r"\w+", "how high is who first when was the of a an and it in are to")
)


class Researcher:
    """Answers. `asks_back`: what it wants to know first; `chatters`: never JSON alone."""

    def __init__(self, *, asks_back: tuple[str, ...] = (), chatters: bool = False) -> None:
        self.asks_back = asks_back
        self.chatters = chatters
        self.answers: list[str] = []

    def answer(self, body: dict[str, Any]) -> str:
        """What it says to a request."""
        system, user = body["messages"][0]["content"], body["messages"][1]["content"]
        found = re.match(r"\[([a-z-]+)\] ", system)
        assert found is not None, "every prompt says what it is for"
        told = getattr(self, f"_{found[1].replace('-', '_')}")(user)
        self.answers.append(found[1])
        return f"Sure! Here it is:\n```json\n{told}\n```" if self.chatters else told

    def _ask_back(self, user: str) -> str:
        return json.dumps({"questions": self.asks_back})

    def _plan(self, user: str) -> str:
        return json.dumps({"steps": STEPS})

    def _queries(self, user: str) -> str:
        wanted = re.search(r"What is to be found: (.*)", user)
        assert wanted is not None
        return json.dumps({"queries": [" ".join(sorted(_words(wanted[1])))]})

    def _notes(self, user: str) -> str:
        asked = _words(user.partition("\n")[0])
        page = FENCE.split(user)[1]
        said = re.split(r"(?<=[.!?])\s+", page)
        told = sorted(said, key=lambda one: -len(asked & _words(one)))[:2]
        borne = [one.strip() for one in told if len(asked & _words(one)) > 1]
        notes = [{"claim": " ".join(one.split()), "quote": one} for one in borne]
        return json.dumps({"notes": [*notes, {"claim": "Cheese.", "quote": INVENTED}]})

    def _gaps(self, user: str) -> str:
        return json.dumps({"steps": [] if "railway" in user else [GAP]})

    def _compare(self, user: str) -> str:
        heights: dict[str, int] = {}
        for number, claim in re.findall(r"(?m)^(\d+)\. (.*)", FENCE.split(user)[1]):
            if (height := re.search(r"\b(4,8\d\d|4,9\d\d|9,999)\b", claim)) is not None:
                heights.setdefault(height[1], int(number))
        both = sorted(heights.values())[:2]
        pairs = [{"notes": both, "about": "the height"}] if len(both) > 1 else []
        return json.dumps({"contradictions": pairs})

    def _write(self, user: str) -> str:
        notes = re.findall(r"(?m)^(\d+)\. (.*)", FENCE.split(user)[1])
        sentences = [{"text": claim, "notes": [int(number)]} for number, claim in notes]
        odd = [{"text": UNBORNE, "notes": [1]}, {"text": "It has three peaks.", "notes": [99]}]
        return json.dumps({"sentences": [*sentences, *odd]})

    def _summary(self, user: str) -> str:
        notes = re.findall(r"(?m)^(\d+)\. (.*)", FENCE.split(user)[1])[:2]
        told = [{"text": f"{claim} [7]", "notes": [int(number)]} for number, claim in notes]
        return json.dumps({"sentences": told})

    def _check(self, user: str) -> str:
        sentences = re.findall(r"(?m)^(\d+)\. (.*)", FENCE.split(user)[1])
        return json.dumps({"unsupported": [int(n) for n, text in sentences if "cheese" in text]})


def _words(text: str) -> set[str]:
    return {one for one in re.findall(r"[a-z]+", text.casefold()) if one not in COMMON}
