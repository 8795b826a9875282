"""The fit of a recipe as the API and the terminal tell it."""

import re

import click
import msgspec
import pytest

from core.api.fit import report
from core.fit.capacity import Capacity
from core.fit.estimate import unknown
from core.fit.fitting import Fit
from core.fit.on_disk import ModelFiles
from core.fit.verdict import judge
from core.recipes.recipe import Recipe
from desktop.cli.fit import in_words
from tests.core.fit.machines import known, machine, recipe, verdict
from tests.core.fit.models import LLAMA_3_8B, files

LLAMA = files(LLAMA_3_8B)
LONG = files({**LLAMA_3_8B, "max_position_embeddings": 131072})


def told(model: ModelFiles, capacity: Capacity, asked: Recipe, engine: str = "vllm") -> str:
    """In the terminal's words, by way of JSON."""
    fit = Fit(
        estimate=known(model, capacity, asked, engine),
        capacity=capacity,
        verdict=verdict(model, capacity, asked, engine),
    )
    answer = msgspec.json.decode(msgspec.json.encode(report(asked, fit)))
    return click.unstyle(in_words(answer))


def test_what_fits_is_told_with_its_parts() -> None:
    """Each device, what it is taken of it, needed of it, and by what."""
    text = told(LLAMA, machine(24), recipe())
    assert text.startswith("It fits.\n")
    assert re.search(r"^GPU 0 +22\.1 GiB +1\d\.\d GiB +24\.0 GiB +weights 15\.0 GiB,", text, re.M)
    assert re.search(r"^main memory ", text, re.M)
    assert "Estimated for vllm with 8192 tokens of context" in text


def test_what_does_not_fit_is_told_with_what_would() -> None:
    """Each remedy as a sentence, and the first as a command."""
    text = told(LONG, machine(24), recipe())
    assert text.startswith("It does not fit: of GPU 0 it needs 31.")
    lower = r"^  Lower context_length to \d+: it then needs 2\d\.\d of 22\.1 GiB\.$"
    assert re.search(lower, text, re.M)
    assert re.search(r"`vllm-studio recipes edit m --set context_length=\d+`", text)


def test_what_nobody_knows_is_said_in_a_sentence() -> None:
    """No devices, no remedies."""
    nothing = unknown("its files are elsewhere")
    fit = Fit(estimate=nothing, capacity=machine(24), verdict=judge(nothing, machine(24)))
    found = report(recipe(), fit)
    assert (found.verdict, found.devices) == ("unknown", ())
    assert in_words(msgspec.to_builtins(found)) == "Nobody can say: its files are elsewhere."


@pytest.mark.parametrize("gpus", [0, 1])
def test_more_gpus_than_there_are_shows_those_that_are(gpus: int) -> None:
    """Main memory keeps its own parts."""
    capacity = machine(*[24] * gpus)
    asked = recipe(tensor_parallel=4)
    estimate = known(LLAMA, machine(*[24] * 4), asked)
    fit = Fit(estimate=estimate, capacity=capacity, verdict=judge(estimate, capacity))
    devices = report(asked, fit).devices
    assert [one.device for one in devices] == [*["GPU-0"] * gpus, "host"]
    assert {segment.kind for segment in devices[-1].segments} == {"overhead"}
