"""The scheduler: given this scene, these steps."""

import pytest

from core.placement.placement import Placement, Share
from core.switching.scheduling.plan import plan
from core.switching.scheduling.scene import (
    Answer,
    Begin,
    Drop,
    Interrupt,
    Job,
    Refuse,
    Resident,
    Rules,
    Scene,
    Step,
    Wish,
)

GIB = 2**30


def on(*devices: str, gib: int | None = None) -> Placement:
    """These devices, so much of each."""
    size = None if gib is None else gib * GIB
    return Placement(shares=tuple(Share(device=d, bytes=size) for d in devices))


def there(recipe_id: str, where: Placement, **more: object) -> Resident:
    """A model that answers."""
    return Resident(recipe_id=recipe_id, placement=where, **{"ready_at": 0.0, **more})  # type: ignore[arg-type]  # fields by name


def wish(target: str | None, where: Placement | None = None, **more: object) -> Wish:
    """A request's wish, unless told otherwise."""
    given = {"wish_id": f"w-{target}", "kind": "switch", "asked_at": 0.0, **more}
    options = (where,) if where is not None else ()
    return Wish(target=target, options=options, **given)  # type: ignore[arg-type]  # fields by name


def steps(scene: Scene) -> tuple[Step, ...]:
    """What is done now."""
    return plan(scene).steps


def scene(*wishes: Wish, now: float = 100.0, rules: Rules | None = None, **more: object) -> Scene:
    """One look."""
    capacity = {"gpu:0": 24 * GIB, "gpu:1": 24 * GIB}
    given = {"capacity": capacity, **more}
    return Scene(now=now, rules=rules or Rules(), wishes=wishes, **given)  # type: ignore[arg-type]  # fields by name


def test_what_fits_beside_stays() -> None:
    """Measured memory decides, not a number of places."""
    found = steps(
        scene(wish("b", on("gpu:0", gib=10)), residents=(there("a", on("gpu:0", gib=12)),))
    )
    assert found == (Begin(wish_id="w-b", placement=on("gpu:0", gib=10)),)


def test_what_does_not_fit_takes_the_fewest() -> None:
    """The small one goes when that is enough, though the large one was used longer ago."""
    residents = (
        there("large", on("gpu:0", gib=14), last_used=1.0),
        there("small", on("gpu:0", gib=6), last_used=2.0),
    )
    (begin,) = steps(scene(wish("b", on("gpu:0", gib=8)), residents=residents))
    assert isinstance(begin, Begin)
    assert begin.evict == ("large",) or begin.evict == ("small",)
    assert len(begin.evict) == 1


def test_an_unknown_size_claims_its_devices() -> None:
    """Nobody knows what it takes, so nobody else may be there; elsewhere they stay."""
    residents = (there("a", on("gpu:0", gib=1)), there("c", on("gpu:1", gib=1)))
    (begin,) = steps(scene(wish("b", on("gpu:0")), residents=residents))
    assert begin == Begin(wish_id="w-b", evict=("a",), placement=on("gpu:0"))


def test_the_gpu_where_nobody_has_to_go_is_taken() -> None:
    """Of two ways the one without an eviction."""
    options = (on("gpu:0", gib=20), on("gpu:1", gib=20))
    asked = Wish(wish_id="w", kind="switch", target="b", asked_at=0.0, options=options)
    (begin,) = steps(scene(asked, residents=(there("a", on("gpu:0", gib=20)),)))
    assert begin == Begin(wish_id="w", placement=options[1])


def test_pinned_models_refuse_at_once_and_by_name() -> None:
    """C44: all places pinned."""
    residents = (there("a", on("gpu:0", gib=20), pinned=True),)
    assert steps(scene(wish("b", on("gpu:0", gib=20)), residents=residents)) == (
        Refuse(wish_id="w-b", pinned=("a",)),
    )


def test_what_is_larger_than_the_device_is_refused() -> None:
    """Nobody is evicted for what can never fit."""
    residents = (there("a", on("gpu:0", gib=20)),)
    assert steps(scene(wish("b", on("gpu:0", gib=30)), residents=residents)) == (
        Refuse(wish_id="w-b"),
    )


def test_disjoint_changes_begin_together() -> None:
    """C42: two GPUs, two models, one moment."""
    both = (wish("a", on("gpu:0")), wish("b", on("gpu:1")))
    assert [type(s) for s in steps(scene(*both))] == [Begin, Begin]


def test_a_wish_that_waits_keeps_its_devices() -> None:
    """Who came later and would fit now does not overtake who waits for the same device."""
    job = Job(job_id="j", kind="switch", target="x", placement=on("gpu:0", gib=20))
    first = wish("a", on("gpu:0", gib=20), asked_at=1.0)
    later = wish("b", on("gpu:0", gib=2), asked_at=2.0)
    made = plan(scene(first, later, jobs=(job,)))
    assert made.steps == ()
    assert made.waits_for["w-b"] == "an earlier wish"


def test_priority_goes_first_and_patience_ends_it() -> None:
    """C45: the urgent one is served first, until the other has waited long enough."""
    urgent = wish("c", on("gpu:0"), priority=10, asked_at=90.0)
    patient = wish("b", on("gpu:0"), asked_at=80.0)
    young = steps(scene(urgent, patient, rules=Rules(patience_s=60.0)))
    old = steps(scene(urgent, patient, rules=Rules(patience_s=15.0)))
    assert young == (Begin(wish_id="w-c", placement=on("gpu:0")),)
    assert old == (Begin(wish_id="w-b", placement=on("gpu:0")),)


def test_who_takes_turns_stays_a_while() -> None:
    """Only a model that left recently has to wait for the newcomer's residence."""
    residents = (there("a", on("gpu:0"), ready_at=98.0),)
    rules = Rules(min_residence_s=5.0)
    back = plan(scene(wish("b", on("gpu:0")), residents=residents, rules=rules,
                      left_at={"b": 97.0}))  # fmt: skip
    first = steps(scene(wish("b", on("gpu:0")), residents=residents, rules=rules))
    assert (back.steps, back.look_at) == ((), 103.0)
    assert first == (Begin(wish_id="w-b", evict=("a",), placement=on("gpu:0")),)


def test_who_was_let_through_enters_first() -> None:
    """The moments between a model's coming and its waiters' entering are theirs."""
    residents = (there("a", on("gpu:0"), owed=1),)
    assert steps(scene(wish("b", on("gpu:0")), residents=residents)) == ()


def test_a_request_waits_for_the_job_that_evicts_its_model() -> None:
    """C40: no second engine, no dead-lock; its turn comes."""
    job = Job(job_id="j", kind="switch", target="b", evict=frozenset({"a"}), placement=on("gpu:0"))
    residents = (there("a", on("gpu:0")),)
    assert steps(scene(wish("a", on("gpu:0")), jobs=(job,), residents=residents)) == ()


def test_the_newest_click_wins() -> None:
    """Older clicks are dropped, what is under way against it is given up."""
    clicks = [wish(t, on("gpu:0"), manual=True, asked_at=at) for t, at in (("a", 1.0), ("b", 2.0))]
    job = Job(job_id="j", kind="switch", target="x", placement=on("gpu:0"))
    found = steps(scene(*clicks, jobs=(job,)))
    assert Drop(wish_id="w-a", why="a newer switch to b took its place") in found
    assert Interrupt(job_id="j", why="a switch to b took its place") in found


def test_a_click_on_what_drains_gives_the_other_up() -> None:
    """Back to what is still there costs nothing."""
    job = Job(job_id="j", kind="switch", target="b", evict=frozenset({"a"}),
              placement=on("gpu:0"), draining=True)  # fmt: skip
    residents = (there("a", on("gpu:0")),)
    found = steps(scene(wish("a", on("gpu:0"), manual=True), jobs=(job,), residents=residents))
    assert found == (Interrupt(job_id="j", why="a switch to a took its place"),)


def test_what_only_drains_for_nobody_is_given_up() -> None:
    """The client left; nobody has lost anything yet."""
    job = Job(job_id="j", kind="switch", target="b", evict=frozenset({"a"}), draining=True,
              unwanted=True)  # fmt: skip
    assert steps(scene(jobs=(job,), residents=(there("a", on("gpu:0")),))) == (
        Interrupt(job_id="j", why="nobody waits for it any more"),
    )


def test_an_eviction_ends_the_load_and_answers_who_asked_before() -> None:
    """C53: nobody waits for a load that a person has called off."""
    job = Job(job_id="j", kind="switch", target="a", placement=on("gpu:0"))
    waits = wish("a", on("gpu:0"), asked_at=1.0, wish_id="old")
    evict = wish("a", kind="evict", manual=True, asked_at=2.0, wish_id="e")
    assert set(steps(scene(waits, evict, jobs=(job,)))) == {
        Drop(wish_id="old", why="it was evicted"),
        Interrupt(job_id="j", why="it was evicted"),
    }


@pytest.mark.parametrize("busy", [{"in_flight": 1}, {"owed": 1}])
def test_an_idle_eviction_thinks_again(busy: dict[str, int]) -> None:
    """Between the look and the deed a request came: it stays."""
    evict = wish("a", kind="evict", only_idle=True, wish_id="e")
    residents = (there("a", on("gpu:0"), **busy),)
    assert steps(scene(evict, residents=residents)) == (Answer(wish_id="e"),)


def test_a_place_is_a_place() -> None:
    """`max_resident` counts who is awake, whatever would fit."""
    residents = (
        there("a", on("gpu:0", gib=1)),
        there("s", on("gpu:1", gib=1), asleep=True),
    )
    rules = Rules(max_resident=1)
    (begin,) = steps(scene(wish("b", on("gpu:1", gib=1)), residents=residents, rules=rules))
    assert begin == Begin(wish_id="w-b", evict=("a",), placement=on("gpu:1", gib=1))


def test_an_exclusive_switch_clears_the_machine() -> None:
    """Everything but what is pinned."""
    residents = (
        there("a", on("gpu:1", gib=1)),
        there("p", on("gpu:1", gib=1), pinned=True),
    )
    (begin,) = steps(
        scene(wish("b", on("gpu:0", gib=1), exclusive=True, manual=True), residents=residents)
    )
    assert begin == Begin(wish_id="w-b", evict=("a",), placement=on("gpu:0", gib=1))


def test_an_older_click_never_gives_up_a_newer_one() -> None:
    """Both would fit, were nothing pinned: the newer is begun, the older dropped."""
    pinned = there("p", on("gpu:0", gib=10), pinned=True)
    newer = wish("a", on("gpu:0", gib=10), manual=True, asked_at=2.0)
    older = wish("b", on("gpu:0", gib=10), manual=True, asked_at=1.0)
    begin, drop = steps(scene(newer, older, residents=(pinned,)))
    assert begin == Begin(wish_id="w-a", placement=on("gpu:0", gib=10))
    assert isinstance(drop, Drop)
    assert drop.wish_id == "w-b"


def test_what_is_asked_for_after_unload_everything_comes_after_it() -> None:
    """It is not begun, only to be evicted with the rest."""
    ending = Job(job_id="j", kind="switch", target="x", placement=on("gpu:0", gib=9), ending=True)
    everything = wish(None, wish_id="all", kind="evict", manual=True, asked_at=1.0)
    later = wish("y", on("gpu:1", gib=9), manual=True, asked_at=2.0)
    assert steps(scene(everything, later, jobs=(ending,))) == ()
    assert steps(scene(later)) == (Begin(wish_id="w-y", placement=on("gpu:1", gib=9)),)
