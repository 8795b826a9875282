"""What files and a text will take of a model's context, and what of them it can not take.

Exact where the model's own engine is resident and counts for us; an estimate otherwise, and said
to be one. Pictures are always an estimate: engines count them only when they are asked in earnest.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from core.attachments.attachments import Attachments
from core.attachments.estimate import tokens_of_picture, tokens_of_text
from core.attachments.sees import Config, Sees, blinded, picture_tokens, sees
from core.attachments.telling import Part
from core.conversations import MessageView
from core.conversations.attached import Attachment
from core.fit.on_disk import read_config
from core.recipes.book import RecipeBook
from core.recipes.recipe import Recipe

MOST_COUNTED = 400_000  # characters that an engine is asked to count; beyond, it is an estimate
REMEMBERED = 256

Count = Callable[[str, str], Awaitable[int | None]]


class FileCost(msgspec.Struct, frozen=True, kw_only=True):
    """What one attachment takes."""

    id: str
    tokens: int
    exact: bool


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What a message with attachments takes."""

    model: str
    tokens: int  # of the text and all attachments
    exact: bool
    context: int | None  # tokens that the model takes at all; None: not known
    sees: Sees  # no: it is told only that there are pictures
    files: tuple[FileCost, ...]


class Costs:
    """Asks configurations and engines. Loop-bound."""

    def __init__(
        self,
        *,
        attachments: Attachments,
        book: RecipeBook,
        folders: Sequence[Path],
        count: Count | None = None,
        context_of: Callable[[str], int | None] = lambda model: None,
    ) -> None:
        """`count(model, text)`: by the engine's tokenizer; None while it is not resident."""
        self._attachments = attachments
        self._book = book
        self._folders = tuple(folders)
        self._count = count
        self._context_of = context_of
        self._known: dict[tuple[str, str], int] = {}
        self._configs: dict[tuple[str, int], Config | None] = {}

    async def of(self, which: str, model: str, text: str, ids: Sequence[str]) -> Cost:
        """What it would take if it were sent now. Raises NotFound, Invalid."""
        files = await self._attachments.named(which, ids)
        costs = [await self._of_file(which, model, one) for one in files]
        tokens, exact = await self._of_text(model, text) if text.strip() else (0, True)
        return Cost(
            model=model,
            tokens=tokens + sum(one.tokens for one in costs),
            exact=exact and all(one.exact for one in costs),
            context=self._context_of(model),
            sees=self.sees(model),
            files=tuple(costs),
        )

    async def told(
        self, which: str, branch: Sequence[MessageView], model: str
    ) -> Mapping[str, tuple[Part, ...]]:
        """What this model is told of the files of a branch, by message id."""
        return await self._attachments.parts_of(which, branch, self.sees(model))

    def sees(self, model: str) -> Sees:
        """Whether a model is shown pictures, as far as is known."""
        recipe = self._recipe(model)
        if recipe is None or recipe.engine == "command":
            return "unknown"
        if blinded(recipe.extra_args):
            return "no"
        config = self._config(model)
        return "unknown" if config is None else sees(config)

    async def _of_file(self, which: str, model: str, one: Attachment) -> FileCost:
        if one.kind == "image" and self.sees(model) != "no":
            config = self._config(model)
            size = one.width or 0, one.height or 0
            tokens = tokens_of_picture(*size) if config is None else picture_tokens(config, *size)
            return FileCost(id=one.id, tokens=tokens, exact=False)
        key = (model, one.id)
        if key not in self._known:
            (part,) = await self._attachments.parts(which, (one,), "no")
            tokens, exact = await self._of_text(model, part["text"])
            if not exact:
                return FileCost(id=one.id, tokens=tokens, exact=False)
            self._remember(key, tokens)
        return FileCost(id=one.id, tokens=self._known[key], exact=True)

    async def _of_text(self, model: str, text: str) -> tuple[int, bool]:
        counted = None
        if self._count is not None and len(text) <= MOST_COUNTED:
            counted = await self._count(model, text)
        return (tokens_of_text(text), False) if counted is None else (counted, True)

    def _remember(self, key: tuple[str, str], tokens: int) -> None:
        while len(self._known) >= REMEMBERED:
            del self._known[next(iter(self._known))]
        self._known[key] = tokens

    def _recipe(self, model: str) -> Recipe | None:
        entry = self._book.find(self._book.resolve(model) or "")
        return entry.recipe if entry else None

    def _config(self, model: str) -> Config | None:
        entry = self._book.find(self._book.resolve(model) or "")
        if entry is None or not entry.recipe.model:
            return None
        key = entry.recipe.id, entry.revision
        if self._configs.get(key) is None:  # one that is not here yet may come
            recipe = entry.recipe
            self._configs[key] = read_config(recipe.model, recipe.revision, self._folders)
        return self._configs[key]
