"""What earlier runs took sets the estimate right."""

from core.fit.correction import as_earlier, as_measured, is_same_launch
from core.fit.estimate import host, per_gpu, unknown
from core.fit.number_formats import GIB, MIB
from events.projections.memory_taken import MemoryTaken
from tests.core.fit.machines import known, machine, recipe
from tests.core.fit.models import LLAMA_3_8B, files

LLAMA = files(LLAMA_3_8B)


def taken(*gpus: int, host: int = 0, revision: int = 1, fingerprint: str = "") -> MemoryTaken:
    """A measurement."""
    return MemoryTaken(
        recipe_id="m",
        revision=revision,
        fingerprint=fingerprint,
        gpus=tuple((f"GPU-{index}", size) for index, size in enumerate(gpus)),
        host=host,
        measured_at=0,
    )


def test_the_same_launch_takes_what_it_took() -> None:
    """The parts still add up; what the engine fills with cache gives way last."""
    found = as_measured(known(LLAMA, machine(24)), taken(21 * GIB, host=2 * GIB))
    assert found.source == "measured"
    assert (per_gpu(found), host(found)) == (21 * GIB, 2 * GIB)
    (load,) = found.gpus
    assert sum(segment.bytes for segment in load.segments) == 21 * GIB
    assert load.of("weights") == 2 * 8_030_261_248


def test_what_a_launch_took_is_no_less_than_it_needs() -> None:
    """An estimate that was too high refuses it no longer."""
    found = as_measured(known(LLAMA, machine(24)), taken(9 * GIB, host=GIB // 2))
    assert found.gpus[0].needs <= 9 * GIB
    assert found.host is not None
    assert found.host.needs <= GIB // 2


def test_a_driver_that_names_no_processes_leaves_the_estimate_of_its_gpu() -> None:
    """Main memory is measured all the same."""
    before = known(LLAMA, machine(24))
    found = as_measured(before, taken(host=2 * GIB))
    assert found.gpus == before.gpus
    assert host(found) == 2 * GIB


def test_a_command_is_known_after_it_ran_once() -> None:
    """Nothing of it can be estimated."""
    found = as_measured(unknown("x"), taken(5 * GIB, host=GIB))
    assert (found.source, per_gpu(found), host(found)) == ("measured", 5 * GIB, GIB)


def test_a_cache_that_grows_is_still_to_come() -> None:
    """transformers has an empty one when it becomes ready."""
    asked = recipe(engine="transformers")
    before = known(LLAMA, machine(memory=64), asked, "transformers")
    assert before.host is not None
    cache = before.host.of("kv_cache")
    assert cache > 0
    assert host(as_measured(before, taken(host=16 * GIB))) == 16 * GIB + cache


def test_a_changed_recipe_inherits_the_difference() -> None:
    """It took 300 MiB more than was thought; so will the next revision of it."""
    then = known(LLAMA, machine(memory=64), recipe(kv_cache_gib=2.0), "vllm-cpu")
    now = known(LLAMA, machine(memory=64), recipe(kv_cache_gib=8.0), "vllm-cpu")
    measured = taken(host=(host(then) or 0) + 300 * MIB)
    found = as_earlier(now, measured, then)
    assert found.source == "estimated"
    assert host(found) == (host(now) or 0) + 300 * MIB
    less = as_earlier(now, taken(host=1), then)
    assert less.host is not None
    assert less.host.takes >= less.host.needs


def test_launches_are_told_apart_by_fingerprint_then_by_revision() -> None:
    """A log that knows no fingerprints has revisions."""
    assert is_same_launch(taken(fingerprint="a"), revision=9, fingerprint="a")
    assert not is_same_launch(taken(fingerprint="a"), revision=1, fingerprint="b")
    assert is_same_launch(taken(), revision=1, fingerprint="b")
    assert not is_same_launch(taken(), revision=None, fingerprint="")
