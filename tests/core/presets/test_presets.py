"""Presets are sealed, called by name, and gone for ever when they are removed."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.erasure import SubjectKeys
from core.errors import Invalid, NotFound, Refused, Unavailable
from core.presets import Preset, Presets
from core.presets import decider as rules
from core.presets.decider import RemovePreset, SavePreset
from core.presets.presets import RULES
from core.secrets import Secrets
from events.facts import PresetRemoved, PresetSaved
from events.projections import ALL
from events.store import EventStore

SECRET = "answer as the heron of Halifax would"
HERON = Preset(
    name="Heron",
    system=SECRET,
    parameters={"temperature": 0.3},
    tools=("time",),
    model="qwen",
)


class House:
    """Presets on a home of their own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.store = EventStore.open(home / "main.db", projections=ALL)
        self.keys = SubjectKeys(home / "keys.db", Secrets(home / "secrets"))
        self.presets = Presets(store=self.store, keys=self.keys)

    def close(self) -> None:
        """Let go of the files."""
        self.keys.close()
        self.store.close()

    async def names(self, at: int | None = None) -> list[str]:
        """Those there are."""
        return [view.name for view in await self.presets.list(at=at)]

    def on_disk(self) -> bytes:
        """Everything in every file."""
        return b"".join(p.read_bytes() for p in self.home.rglob("*") if p.is_file())


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Empty."""
    made = House(tmp_path)
    yield made
    made.close()


async def test_a_preset_is_kept_sealed_and_read_back(house: House) -> None:
    """Not even its name is in clear."""
    assert await house.names() == []
    view = await house.presets.save("Heron", HERON, actor="window")
    assert (view.system, view.parameters, view.tools) == (SECRET, {"temperature": 0.3}, ("time",))
    assert (view.model, view.saved_by) == ("qwen", "window")
    assert await house.presets.get("  hERon ") == view
    for words in (SECRET, "Heron", "qwen"):
        assert words.encode() not in house.on_disk()


async def test_saving_again_changes_it_and_another_name_renames_it(house: House) -> None:
    """It stays the same preset; what it was at an earlier position is still told."""
    first = await house.presets.save("Heron", HERON, actor="window")
    then = house.store.head
    changed = Preset(name="Stork", system="Stand on one leg.")
    second = await house.presets.save("Heron", changed, actor="window")
    assert second.preset_id == first.preset_id
    assert await house.names() == ["Stork"]
    assert await house.names(at=then) == ["Heron"]
    with pytest.raises(NotFound, match="no preset 'Heron'"):
        await house.presets.get("Heron")


async def test_two_do_not_share_a_name(house: House) -> None:
    """However it is spelt."""
    await house.presets.save("Heron", HERON, actor="window")
    await house.presets.save("Stork", Preset(name="Stork"), actor="window")
    with pytest.raises(Invalid, match="'Heron' already") as refused:
        await house.presets.save("Stork", Preset(name="HERON"), actor="window")
    assert (refused.value.field, refused.value.code) == ("name", "name-taken")
    assert await house.names() == ["Heron", "Stork"]


@pytest.mark.parametrize(
    ("preset", "field"),
    [
        (Preset(name="  "), "name"),
        (Preset(name="x" * 81), "name"),
        (Preset(name="a/b"), "name"),
        (Preset(name="a", parameters={"top_p": 3}), "parameters.top_p"),
        (Preset(name="a", tools=("",)), "tools"),
    ],
)
async def test_what_is_wrong_is_told_at_its_field(house: House, preset: Preset, field: str) -> None:
    """And nothing is saved."""
    with pytest.raises(Invalid) as refused:
        await house.presets.save("a", preset, actor="window")
    assert refused.value.field == field
    assert await house.names() == []


async def test_what_is_removed_can_be_read_nowhere(house: House) -> None:
    """Also not at the position at which it was there; the name is free again."""
    first = await house.presets.save("Heron", HERON, actor="window")
    then = house.store.head
    await house.presets.remove("Heron", actor="window")
    assert await house.names() == []
    assert await house.names(at=then) == []
    again = await house.presets.save("Heron", HERON, actor="window")
    assert again.preset_id != first.preset_id
    with pytest.raises(NotFound):
        await house.presets.remove("Stork", actor="window")


async def test_a_removal_that_a_crash_cut_is_finished(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys of presets that are there, and of others, stay."""
    await house.presets.save("Heron", HERON, actor="window")
    await house.presets.save("Stork", Preset(name="Stork"), actor="window")
    house.keys.create("conversation-1")

    def broken(subject: str) -> Any:
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as patch:
        patch.setattr(house.keys, "destroy", broken)
        with pytest.raises(Unavailable, match="can not be used now"):
            await house.presets.remove("Heron", actor="window")
    assert await house.names() == ["Stork"]
    assert len(house.keys.living()) == 3
    await house.presets.finish_removals()
    assert len(house.keys.living()) == 2
    assert await house.names() == ["Stork"]


async def test_presets_without_their_keys_are_not_shown(house: House) -> None:
    """Nothing fails because of them."""
    await house.presets.save("Heron", HERON, actor="window")
    house.keys.close()
    kept = (house.home / "keys.db").read_bytes()
    (house.home / "keys.db").unlink()
    assert await house.names() == []
    house.keys.close()
    (house.home / "keys.db").write_bytes(kept)
    assert await house.names() == ["Heron"]


SAVED, REMOVED = PresetSaved(preset_id="p", sealed=b"s"), PresetRemoved(preset_id="p")


def test_what_is_removed_is_removed_once_and_comes_not_back() -> None:
    """Given these facts, when this is asked, then these facts."""
    remove, save = RemovePreset(preset_id="p"), SavePreset(preset_id="p", sealed=b"s")
    assert RULES.decide(save, RULES.fold([])) == [SAVED]
    assert RULES.decide(remove, RULES.fold([SAVED])) == [REMOVED]
    assert RULES.decide(remove, RULES.fold([SAVED, REMOVED])) == []
    with pytest.raises(NotFound):
        RULES.decide(remove, RULES.fold([]))
    with pytest.raises(Refused, match="removed meanwhile"):
        RULES.decide(save, RULES.fold([SAVED, REMOVED]))
    assert rules.evolve(rules.Absent(), SAVED) == rules.Saved()
