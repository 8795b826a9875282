"""Which GPUs a recipe gets when it names none, and what it gets when it does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from core.hardware.picture import Distance, Gpu
from core.placement.choose import MOST_OPTIONS, gpus_here, options
from core.placement.placement import HOST, Placement, Share
from core.recipes.recipe import Recipe
from tests.core.placement.machines import GIB, gpu, pairs, part, uuid


def recipe(**fields: object) -> Recipe:
    """A vLLM recipe."""
    return Recipe(**{"id": "r", "model": "m", **fields})  # type: ignore[arg-type]


def chosen(
    of: Recipe, gpus: tuple[Gpu, ...], *, bytes_: int | None = 10 * GIB
) -> list[tuple[int, ...]]:
    """The device sets by index, best first."""
    by_uuid = {one.uuid: one.index for one in gpus}
    placements = options(of, gpus, bytes_, None, on_cpu=False)
    return [tuple(by_uuid[device] for device in p.devices) for p in placements]


def test_the_least_used_gpu_comes_first_and_all_are_offered() -> None:
    """Who must be evicted for each is the scheduler's to weigh."""
    gpus = (gpu(0, used_gib=70), gpu(1, used_gib=0), gpu(2, used_gib=20))
    assert chosen(recipe(), gpus) == [(1,), (2,), (0,)]


def test_a_few_megabytes_more_do_not_move_a_model() -> None:
    """The same machine gives the same answer twice."""
    assert chosen(recipe(), (gpu(0, used_gib=0.6), gpu(1, used_gib=0.4))) == [(0,), (1,)]


def test_a_displays_small_card_comes_last_though_it_is_idle() -> None:
    """The larger kind first."""
    assert chosen(recipe(), (gpu(0, name="T400", gib=4), gpu(1, used_gib=30))) == [(1,), (0,)]


def test_neighbours_work_together() -> None:
    """Pairs joined by NVLink before any other two; within them NVML's order."""
    sets = chosen(recipe(tensor_parallel=2), pairs(4))
    assert sets[:2] == [(0, 1), (2, 3)]
    assert len(sets) == 6


@pytest.mark.parametrize(
    ("near", "far"), [("nvlink", "switch"), ("switch", "socket"), ("socket", "system")]
)
def test_every_kind_of_nearness_counts(near: Distance, far: Distance) -> None:
    """NVLink, one PCIe switch, one socket, anywhere."""
    gpus = (
        gpu(0, links={1: far, 2: near}),
        gpu(1, links={0: far, 2: far}),
        gpu(2, links={0: near, 1: far}),
    )
    assert chosen(recipe(tensor_parallel=2), gpus)[0] == (0, 2)


def test_unlike_gpus_are_not_mixed_unless_asked() -> None:
    """The slowest and smallest would rule; who wants it names them."""
    gpus = (gpu(0), gpu(1, name="A100"), gpu(2))
    assert chosen(recipe(tensor_parallel=2), gpus) == [(0, 2)]
    assert chosen(recipe(tensor_parallel=2, devices=(0, 1)), gpus) == [(0, 1)]
    assert chosen(recipe(tensor_parallel=3), gpus) == []


def test_named_devices_are_the_only_way_in_the_recipes_order() -> None:
    """By index or by UUID."""
    assert chosen(recipe(tensor_parallel=2, devices=(3, "GPU-11")), pairs(4)) == [(3, 1)]
    with pytest.raises(Invalid, match="no GPU 9"):
        options(recipe(devices=(9,)), pairs(4), None, None, on_cpu=False)


def test_a_shares_size_is_what_it_takes_of_each_gpu_and_of_main_memory() -> None:
    """What it takes of main memory is claimed only when it is known."""
    (placement,) = options(recipe(), (gpu(0),), 5 * GIB, 2 * GIB, on_cpu=False)
    assert placement.shares == (
        Share(device=uuid(0), bytes=5 * GIB),
        Share(device=HOST, bytes=2 * GIB),
    )
    (placement,) = options(recipe(), (gpu(0),), None, None, on_cpu=False)
    assert placement.shares == (Share(device=uuid(0), bytes=None),)


def test_on_the_cpu_it_takes_main_memory() -> None:
    """Whatever else it says."""
    of = recipe(tensor_parallel=2, devices=(0, 1))
    (placement,) = options(of, pairs(4), None, 3 * GIB, on_cpu=True)
    assert placement == Placement(shares=(Share(device=HOST, bytes=3 * GIB),))


def test_declared_devices_keep_two_models_apart_where_no_driver_tells() -> None:
    """So two recipes on different GPUs may run at once, also as commands."""
    for engine, on_cpu in (("vllm", False), ("command", True)):
        one, other = (
            options(recipe(engine=engine, devices=(index,)), (), 9, None, on_cpu=on_cpu)[0]
            for index in (0, 1)
        )
        assert one.claimed == {"gpu:0"}
        assert not one.claimed & other.claimed
        assert one.bytes_on("gpu:0") is None
        assert one.devices == (), "the engine is told what the recipe says"


def test_where_no_driver_tells_the_engine_takes_the_first_gpus() -> None:
    """Which is what it does by itself."""
    (placement,) = options(recipe(tensor_parallel=2), (), 9, None, on_cpu=False)
    assert placement.claimed == {"gpu:0", "gpu:1"}


def test_a_command_may_take_every_gpu() -> None:
    """Nobody knows what it does; it is not told either."""
    (placement,) = options(recipe(engine="command"), pairs(2), None, None, on_cpu=False)
    assert placement.claimed == {uuid(0), uuid(1)}
    assert placement.devices == ()


def test_a_slice_is_chosen_like_a_small_gpu_but_never_two() -> None:
    """CUDA sees one at a time."""
    gpus = (gpu(0, slices=(part(1), part(2))), gpu(1))
    one = options(recipe(), gpus, None, None, on_cpu=False)
    assert [p.devices for p in one] == [(uuid(1),), (part(1).uuid,), (part(2).uuid,)]
    assert options(recipe(tensor_parallel=2), gpus, None, None, on_cpu=False) == ()


def test_a_recipe_on_a_ray_cluster_takes_all_gpus_of_this_machine() -> None:
    """Ray hands them out; which ones is not ours to say."""
    of = recipe(nodes=2, tensor_parallel=4)
    (placement,) = options(of, pairs(2), 7, None, on_cpu=False)
    assert placement.claimed == {uuid(0), uuid(1)}
    assert placement.devices == ()


@pytest.mark.parametrize(
    ("fields", "count"),
    [
        ({}, 1),
        ({"tensor_parallel": 2, "pipeline_parallel": 2, "data_parallel": 2}, 8),
        ({"engine": "transformers", "tensor_parallel": 2}, 1),
        ({"engine": "command", "command": ("x",)}, None),
        ({"extra_args": ("--enable-dp-attention",), "tensor_parallel": 8}, None),
        (
            {
                "nodes": 2,
                "tensor_parallel": 8,
                "node_backend": "engine",
                "node_address": "10.0.0.1:5000",
            },
            4,
        ),
    ],
)
def test_how_many_gpus_it_takes_here(fields: dict[str, object], count: int | None) -> None:
    """Over several machines, its part."""
    assert gpus_here(recipe(**fields)) == count


def test_eight_gpus_give_seventy_sets_of_four() -> None:
    """And larger machines no more than the scheduler can look at."""
    assert len(chosen(recipe(tensor_parallel=4), pairs(8))) == 70
    assert len(chosen(recipe(tensor_parallel=8), pairs(16))) == MOST_OPTIONS


@given(
    st.lists(
        st.tuples(st.sampled_from(("H100", "A100")), st.integers(0, 80)), min_size=1, max_size=6
    ),
    st.integers(1, 4),
)
def test_every_option_is_a_set_of_like_gpus_of_the_right_size(
    machine: list[tuple[str, int]], count: int
) -> None:
    """No GPU twice, no set twice, nothing mixed, nothing left out."""
    gpus = tuple(gpu(i, name=name, used_gib=used) for i, (name, used) in enumerate(machine))
    sets = chosen(recipe(tensor_parallel=count), gpus)
    assert len(set(map(frozenset, sets))) == len(sets)
    for devices in sets:
        assert len(set(devices)) == count
        assert len({machine[i][0] for i in devices}) == 1
    kinds = [name for name, _ in machine]
    assert bool(sets) == any(kinds.count(name) >= count for name in kinds)
