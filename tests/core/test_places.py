"""What models hold: claimed before anybody knows, measured afterwards."""

from core.engines.lifecycle import Slept
from core.hardware.process_memory import Measured
from core.placement.placement import HOST, Placement, Share
from core.places import Places, too_few
from core.recipes.book import Entry
from core.recipes.recipe import Recipe
from core.status import EngineView

GIB = 2**30
VIEW = EngineView(
    engine_id="e", recipe_id="a", kind="command", runtime=None, state="ready", since=0, port=1
)


class Book:
    """One recipe."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe

    def find(self, _recipe_id: str) -> Entry:
        """It."""
        return Entry(recipe=self.recipe, revision=1)


def places(**recipe: object) -> Places:
    """For one recipe; nothing here looks at the machine."""
    book = Book(Recipe(id="a", engine="command", **recipe))  # type: ignore[arg-type]  # by name
    return Places(fleet=None, book=book, fitting=None, runtime_for=lambda _: None)  # type: ignore[arg-type]


def held(found: Placement) -> dict[str, int | None]:
    """By device."""
    return {share.device: share.bytes for share in found.shares}


def test_what_nobody_has_measured_claims_what_its_recipe_names() -> None:
    """Main memory when it names nothing, else those GPUs, of an unknown size."""
    assert held(places().of(VIEW)) == {HOST: None}
    assert held(places(devices=(0, 1)).of(VIEW)) == {"gpu:0": None, "gpu:1": None}


def test_a_measurement_replaces_a_guess() -> None:
    """Of the GPUs as the driver lists them, and of main memory."""
    one = places()
    planned = (Share(device="GPU-1", bytes=20 * GIB),)
    one.takes("a", Placement(shares=planned, devices=("GPU-1",)))
    one.measured("a", Measured(gpus=(("GPU-1", 18 * GIB),), host=2 * GIB))
    assert held(one.of(VIEW)) == {"GPU-1": 18 * GIB, HOST: 2 * GIB}
    assert one.of(VIEW).devices == ("GPU-1",)


def test_a_gpu_without_a_driver_stays_its_own() -> None:
    """The process was measured, its GPU could not be: it keeps its claim on it."""
    one = places(devices=(1,))
    one.takes("a", Placement(shares=(Share(device="gpu:1"),)))
    one.measured("a", Measured(host=GIB))
    assert held(one.of(VIEW)) == {"gpu:1": None, HOST: GIB}


def test_a_sleeper_keeps_what_was_measured() -> None:
    """Its rest of the GPUs, and its weights in main memory."""
    one = places()
    shares = (Share(device="GPU-1", bytes=20 * GIB), Share(device="GPU-2", bytes=20 * GIB))
    one.takes("a", Placement(shares=shares))
    slept = Slept(
        level=1, seconds=1.0, device_bytes_freed=38 * GIB, host_bytes_freed=0,
        device_bytes=2 * GIB, host_bytes=36 * GIB,
    )  # fmt: skip
    assert held(one.slept("a", slept)) == {"GPU-1": GIB, "GPU-2": GIB, HOST: 36 * GIB}


def test_what_is_gone_is_forgotten() -> None:
    """The next run begins without a memory of this one."""
    one = places()
    one.measured("a", Measured(host=GIB))
    one.gone("a")
    assert held(one.of(VIEW)) == {HOST: None}


def test_too_few_gpus_is_said_with_both_numbers() -> None:
    """Nobody is told that memory is short when it is GPUs that are."""
    refusal = too_few(Recipe(id="a", model="m", tensor_parallel=4), have=2)
    assert "takes 4 GPUs of one kind, and this machine has 2" in refusal.message
    assert refusal.code == "too-few-gpus"
