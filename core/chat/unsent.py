"""What a person writes and has not sent, in memory alone: a window that is closed loses none of it.

It lies on no disk, so that there is nothing to seal and nothing to erase; a studio that ends
forgets it. Loop-bound.
"""

from collections import OrderedDict

from core.errors import Invalid

MOST_LETTERS = 500_000  # of one of them
MOST = 200  # conversations; of more, what was written longest ago is forgotten


class Unsent:
    """One text a conversation, and one for a conversation that is yet to be: its id is empty."""

    def __init__(self) -> None:
        self._texts: OrderedDict[str, str] = OrderedDict()

    def all(self) -> dict[str, str]:
        """The texts by their conversations, the last written last."""
        return dict(self._texts)

    def keep(self, which: str, text: str) -> None:
        """Instead of what was there; nothing but blanks is nothing. Raises Invalid."""
        if len(text) > MOST_LETTERS:
            raise Invalid(
                f"what is written is longer than {MOST_LETTERS:,} characters", field="text"
            )
        self._texts.pop(which, None)
        if text.strip():
            self._texts[which] = text
        while len(self._texts) > MOST:
            self._texts.popitem(last=False)
