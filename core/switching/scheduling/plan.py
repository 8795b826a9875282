"""The next steps, from one look at the scene. Pure, and safe to ask again at any time.

1. A person's newest wish takes the place of their older ones where both can not be, and ends
   what is under way against it; a job that nobody wants and that only drains is given up. An
   eviction ends the loads of what it evicts, and answers whoever asked for it before.
2. Wishes are looked at in order (order.py). One that is already so is answered; one that a job
   serves waits for it.
3. For the rest: who must go (room.py)? What a job touches is not touched by another. When nobody
   may go who has to, it is refused, at once and with names.
4. It is begun when everyone who must go may go *now* (`stays_until`) and no wish before it waits
   for the same devices; else it waits and keeps them for itself, so that nobody overtakes it.

No step depends on a wish that comes later in the order, so nothing can wait in a circle. Anything
a wish waits for ends by itself: a job (drain deadline, load time-out), a residence, or the
moments until those who were let through have entered.
"""

from core.switching.scheduling.order import in_order, next_rank_change
from core.switching.scheduling.room import Room, Taken, make_room
from core.switching.scheduling.scene import (
    Answer,
    Begin,
    Drop,
    Interrupt,
    Job,
    Plan,
    Refuse,
    Resident,
    Scene,
    Step,
    Wish,
)

RECENTLY = 6  # residences: a model that left so recently and is wanted again means thrashing


def plan(scene: Scene) -> Plan:
    """What to do now."""
    return _Planning(scene).plan()


class _Planning:
    """One planning, from a scene to a plan."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.steps: list[Step] = []
        self.waits: dict[str, str] = {}
        self.look_at: list[float] = []
        self.jobs: list[Job] = list(scene.jobs)
        self.touched = frozenset[str]().union(*(j.touches for j in scene.jobs))
        self.residents = {r.recipe_id: r for r in scene.residents}
        self.dropped: set[str] = set()
        self.kept_devices: set[str] = set()  # by wishes that wait
        self.kept_place = False  # a wish waits for one of the `max_resident` places
        self.all_must_go = (
            False  # everything is being evicted: who asked afterwards comes afterwards
        )

    def plan(self) -> Plan:
        wishes = in_order(self.scene.wishes, self.scene.rules, self.scene.now)
        for job in self.scene.jobs:
            if job.unwanted and job.draining and not job.ending:
                self.steps.append(Interrupt(job_id=job.job_id, why="nobody waits for it any more"))
        for wish in self._without_replaced(wishes):
            if wish.kind == "evict":
                self._evict(wish)
            elif wish.wish_id not in self.dropped:
                self._bring(wish)
        if (
            age := next_rank_change(self.scene.wishes, self.scene.rules, self.scene.now)
        ) is not None:
            self.look_at.append(age)
        return Plan(
            steps=tuple(self.steps),
            look_at=min(self.look_at, default=None),
            waits_for=self.waits,
        )

    # ---- 1: the latest manual switch wins -------------------------------------------------------

    def _without_replaced(self, wishes: list[Wish]) -> list[Wish]:
        left: list[Wish] = []
        newest: Wish | None = None
        for wish in wishes:
            if wish.manual and wish.kind == "switch":
                if newest is not None and self._compete(newest, wish):
                    why = f"a newer switch to {newest.target} took its place"
                    self.steps.append(Drop(wish_id=wish.wish_id, why=why))
                    continue
                newest = newest or wish
            left.append(wish)
        return left

    def _compete(self, one: Wish, other: Wish) -> bool:
        """Whether the two can not both be; where nothing is known they can not."""
        if one.exclusive or other.exclusive or not one.options or not other.options:
            return True
        assert one.target is not None, "only an eviction has no target"
        beside = Resident(recipe_id=one.target, placement=one.options[0], pinned=True)
        return isinstance(self._room(other, [beside]), Taken)

    # ---- evictions ------------------------------------------------------------------------------

    def _evict(self, wish: Wish) -> None:
        """Its loads are ended; what another job evicts already is waited for."""
        targets = (
            [r for r in self.residents if wish.target in (None, r)]
            + [j.target for j in self.jobs if j.target and j.kind != "evict"
               and wish.target in (None, j.target) and j.target not in self.residents]
        )  # fmt: skip
        if wish.only_idle and any(self._in_use(t) for t in targets):
            self.steps.append(Answer(wish_id=wish.wish_id))
            return
        self._drop_older(wish)
        waits = False
        for job in self.jobs:
            if job.kind != "evict" and job.target in targets:
                waits = True
                self._interrupt(job, "it was evicted")
            elif job.evict & set(targets):
                waits = True
        if waits:
            self.waits[wish.wish_id] = "a change under way"
            self.all_must_go |= wish.target is None
        elif targets:
            self._begin(wish, tuple(targets))
        else:
            self.steps.append(Answer(wish_id=wish.wish_id))

    def _drop_older(self, evict: Wish) -> None:
        """Who asked for it before it was evicted by somebody is told so."""
        if evict.only_idle:
            return
        for wish in self.scene.wishes:
            named = evict.target in (None, wish.target)
            if wish.kind != "evict" and named and wish.asked_at <= evict.asked_at:
                self.steps.append(Drop(wish_id=wish.wish_id, why="it was evicted"))
                self.dropped.add(wish.wish_id)

    def _in_use(self, recipe_id: str) -> bool:
        resident = self.residents.get(recipe_id)
        return recipe_id in self.touched or (
            resident is not None and bool(resident.in_flight or resident.owed)
        )

    # ---- 2: what is so already ------------------------------------------------------------------

    def _bring(self, wish: Wish) -> None:
        target = wish.target
        assert target is not None, "only an eviction has no target"
        here = self.residents.get(target)
        if self.all_must_go:
            self._wait(wish, "everything is being evicted")
            return
        for job in self.jobs:
            if job.target == target and job.kind != "evict":
                self._wait(wish, f"{target} is being loaded", keep=False)
                return
            if target in job.evict:
                if wish.manual and job.kind != "evict" and not _newer(job, wish):
                    self._interrupt(job, f"a switch to {target} took its place")
                self._wait(wish, f"{target} is being evicted")
                return
        answers = here is not None and here.ready_at is not None and not here.asleep
        if answers and not (wish.exclusive and self._others_may_go(target)):
            self.steps.append(Answer(wish_id=wish.wish_id))
            return
        self._find_room(wish)

    def _others_may_go(self, target: str) -> bool:
        return any(r.recipe_id != target and not r.pinned for r in self.residents.values())

    # ---- 3: who must go -------------------------------------------------------------------------

    def _find_room(self, wish: Wish) -> None:
        scene = self.scene
        everyone = [*scene.residents, *self._coming()]
        loads_only = wish.kind == "load"
        room = self._room(
            wish,
            everyone,
            locked=self.touched | (frozenset(self.residents) if loads_only else frozenset()),
        )
        if isinstance(room, Room):
            self._begin_when_allowed(wish, room)
            return
        against = [j for j in self.jobs if room.by & j.touches]
        if not against:
            self._refuse(wish, room)
        elif wish.manual and wish.kind == "switch":
            newer = next((j for j in against if j.kind == "switch" and _newer(j, wish)), None)
            if newer is not None:
                why = f"a newer switch to {newer.target} took its place"
                self.steps.append(Drop(wish_id=wish.wish_id, why=why))
                return
            for job in against:
                if not (job.manual and job.kind == "evict"):
                    self._interrupt(job, f"a switch to {wish.target} took its place")
            self._wait(wish, "a change under way")
        else:
            self._wait(wish, "a change under way")

    def _refuse(self, wish: Wish, room: Taken) -> None:
        """Nobody may go, and nothing under way will change that."""
        if wish.kind == "load":
            names = tuple(sorted(room.by))
        else:
            names = tuple(sorted(r for r in room.by if self._is_pinned(r)))
        self.steps.append(Refuse(wish_id=wish.wish_id, pinned=names))

    def _is_pinned(self, recipe_id: str) -> bool:
        resident = self.residents.get(recipe_id)
        return resident is not None and resident.pinned

    def _coming(self) -> list[Resident]:
        """What jobs will bring and is not there yet."""
        return [
            Resident(recipe_id=job.target, placement=job.placement)
            for job in self.jobs
            if job.target is not None
            and job.kind != "evict"
            and job.placement is not None
            and job.target not in self.residents
        ]

    def _room(
        self,
        wish: Wish,
        residents: list[Resident],
        locked: frozenset[str] = frozenset(),
    ) -> Room | Taken:
        assert wish.target is not None, "only an eviction has no target"
        return make_room(
            wish.target,
            wish.options,
            residents,
            self.scene.capacity,
            max_resident=self.scene.rules.max_resident,
            exclusive=wish.exclusive,
            movable=lambda r: not r.pinned and r.recipe_id not in locked,
        )

    # ---- 4: may it begin now? -------------------------------------------------------------------

    def _begin_when_allowed(self, wish: Wish, room: Room) -> None:
        claimed = self._claimed(room)
        if self.kept_devices & claimed or (self.kept_place and self.scene.rules.max_resident):
            self._wait(wish, "an earlier wish", claimed=claimed)
            return
        until = self._until(wish, room.evict)
        if until is not None:
            self.look_at.append(until)
            self._wait(wish, f"{', '.join(room.evict)} has only just come", claimed=claimed)
        elif not wish.manual and any(self.residents[r].owed for r in room.evict):
            self._wait(wish, f"those who waited for {', '.join(room.evict)}", claimed=claimed)
        else:
            self._begin(wish, room.evict, room)

    def _until(self, wish: Wish, evict: tuple[str, ...]) -> float | None:
        """When the last of them may go, if that is not now."""
        if wish.manual:
            return None
        assert wish.target is not None, "only an eviction has no target"
        times = [stays_until(self.scene, self.residents[r], wish.target) for r in evict]
        latest = max(times, default=0.0)
        return latest if latest > self.scene.now else None

    def _claimed(self, room: Room) -> frozenset[str]:
        devices = room.placement.claimed
        for recipe_id in room.evict:
            devices |= self.residents[recipe_id].placement.claimed
        return devices

    def _begin(self, wish: Wish, evict: tuple[str, ...], room: Room | None = None) -> None:
        placement = room.placement if room is not None else None
        self.steps.append(Begin(wish_id=wish.wish_id, evict=evict, placement=placement))
        job = Job(
            job_id=wish.wish_id,
            kind=wish.kind,
            target=wish.target,
            evict=frozenset(evict),
            placement=placement,
            manual=wish.manual,
            asked_at=wish.asked_at,
        )
        self.jobs.append(job)
        self.touched |= job.touches

    def _wait(
        self, wish: Wish, why: str, *, keep: bool = True, claimed: frozenset[str] | None = None
    ) -> None:
        self.waits[wish.wish_id] = why
        if keep:
            self.kept_place = True
            self.kept_devices |= (
                claimed
                if claimed is not None
                else frozenset[str]().union(*(option.claimed for option in wish.options))
            )

    def _interrupt(self, job: Job, why: str) -> None:
        known = any(isinstance(s, Interrupt) and s.job_id == job.job_id for s in self.steps)
        if not job.ending and not known:
            self.steps.append(Interrupt(job_id=job.job_id, why=why))


def _newer(job: Job, wish: Wish) -> bool:
    """Whether a person asked for the job after the wish."""
    return job.manual and job.asked_at > wish.asked_at


def stays_until(scene: Scene, resident: Resident, newcomer: str) -> float:
    """Until when a request for `newcomer` may not evict `resident`.

    Only where the two would otherwise take turns: the newcomer left memory only recently and is
    wanted back. A model that comes for the first time, or after a while, does not wait.
    """
    residence = scene.rules.min_residence_s
    left = scene.left_at.get(newcomer)
    if resident.ready_at is None or left is None or scene.now - left > RECENTLY * residence:
        return 0.0
    return resident.ready_at + residence
