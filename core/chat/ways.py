"""How tools are told to a model: by its engine, or by a text in the system prompt.

Asked by its engine is better: the model was taught that. Where the recipe says that nobody reads
its calls the text is used at once; where an engine refuses tools it is used from then on.
"""

from collections.abc import Callable

from core.chat.inner_call import ModelFailed

REFUSED = frozenset({400, 422, 501})


class Ways:
    """What is known of each model by its name. Loop-bound; forgotten with the studio's end."""

    def __init__(self, takes_tools: Callable[[str], bool | None]) -> None:
        """`takes_tools`: what the recipe says; None: it does not."""
        self._takes_tools = takes_tools
        self._refused: set[str] = set()

    def in_text(self, model: str) -> bool:
        """Whether tools are to be told by a text."""
        takes = self._takes_tools(model)
        return takes is False or (takes is None and model in self._refused)

    def refused(self, model: str) -> None:
        """Its engine refused tools, and took the same question without them."""
        self._refused.add(model)


def may_be_the_tools(failed: ModelFailed) -> bool:
    """Whether a question was refused for its tools: there are as many words for it as engines."""
    return failed.status in REFUSED or (failed.status == 500 and "tool" in failed.message.lower())
