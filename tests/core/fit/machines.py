"""Machines to fit models on."""

from typing import Any

from core.fit.capacity import Capacity, Room, main_memory
from core.fit.estimate import Estimate, estimate
from core.fit.on_disk import ModelFiles
from core.fit.remedies import with_remedies
from core.fit.verdict import Verdict
from core.recipes.recipe import Recipe

GIB = 1024**3


def machine(*gpus: float, memory: float = 64, held: float = 0) -> Capacity:
    """GPUs of so many GiB; `held` of each is other programs'."""
    return Capacity(
        gpus=tuple(
            Room(
                device=f"GPU-{index}",
                label=f"GPU {index}",
                total=round(size * GIB),
                held=round(held * GIB),
            )
            for index, size in enumerate(gpus)
        ),
        host=main_memory(round(memory * GIB)),
    )


def recipe(**fields: Any) -> Recipe:
    """A recipe for it."""
    return Recipe(id="m", model="/m", **fields)


def known(
    model: ModelFiles, capacity: Capacity, asked: Recipe | None = None, engine: str = "vllm"
) -> Estimate:
    """The estimate on that machine."""
    asked = asked or recipe()
    count = (asked.tensor_parallel or 1) * (asked.pipeline_parallel or 1)
    gpu = capacity.smallest(count)
    return estimate(asked, engine=engine, model=model, gpu=gpu)  # type: ignore[arg-type]


def verdict(
    model: ModelFiles, capacity: Capacity, asked: Recipe | None = None, engine: str = "vllm"
) -> Verdict:
    """The verdict with its remedies."""
    asked = asked or recipe()
    return with_remedies(
        asked,
        known(model, capacity, asked, engine),
        capacity,
        lambda changed: known(model, capacity, changed, engine),
        heads=model.architecture.heads,
    )
