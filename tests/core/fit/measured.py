"""An estimate beside what a real engine holds."""

from core.fit.estimate import Estimate, estimate
from core.fit.number_formats import MIB
from core.fit.on_disk import read_files
from core.fit.plan import Engine
from core.hardware.process_memory import Measured
from core.recipes.recipe import Recipe

FACTOR = 1.25  # they differ by less; 1.10 was seen (core/fit/README.md)


def estimated(recipe: Recipe, engine: Engine) -> Estimate:
    """What we would say before the launch."""
    model = read_files(recipe.model, None, ())
    assert model is not None
    return estimate(recipe, engine=engine, model=model)


def are_close(known: Estimate, found: Measured) -> None:
    """They are within the factor, and the least is really less."""
    assert known.host is not None
    print(
        f"\nestimated {known.host.takes / MIB:.0f} MiB, measured {found.host / MIB:.0f} MiB, "
        f"needs {known.host.needs / MIB:.0f} MiB"
    )
    assert known.host.needs <= found.host
    assert 1 / FACTOR <= known.host.takes / found.host <= FACTOR
