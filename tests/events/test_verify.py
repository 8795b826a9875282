"""A verification proves what is so, finds what is not, and says where it begins."""

import shutil
import sqlite3
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.audit.checkpoint import signer_for
from events.audit.claims import Claim, Report, first_bad
from events.audit.lines import Growth
from events.audit.merkle import Frontier, leaf_hash
from events.audit.verify import Wanted, verify
from events.codec import canonical_line
from events.errors import LogDamaged
from events.facts import AppStarted, AuditKeyReplaced, AuditLogContinued, AuditSegmentPruned
from events.projections import ALL
from events.store import EventStore
from tests.events.audited import MONTH, AuditedHome, audited_home, bad
from tests.harness.waiting import eventually

OTHER_SEED = b"\x09" * 32


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> AuditedHome:
    """Made once; nobody changes it."""
    return audited_home(tmp_path_factory.mktemp("audited"))


@pytest.fixture
def home(template: AuditedHome, tmp_path: Path) -> AuditedHome:
    """A copy for one test."""
    shutil.copytree(template.folder, tmp_path / "home")
    copy = AuditedHome(tmp_path / "home")
    copy.notes = list(template.notes)
    copy._now = template._now
    return copy


def verdicts(claims: tuple[Claim, ...]) -> dict[str, set[str]]:
    """Names of claims by verdict."""
    found: dict[str, set[str]] = {}
    for claim in claims:
        found.setdefault(claim.verdict, set()).add(claim.name)
    return found


def test_what_was_written_is_proved_claim_by_claim(home: AuditedHome) -> None:
    """And what nobody can prove is said each time."""
    report = home.verify()
    assert report.holds
    assert verdicts(report.claims) == {
        "proved": {
            "structure", "tables and triggers", "order", "lines", "tree", "checkpoints in the log",
            "checkpoints outside", "read models", "signing key", "all logs there",
        },
        "not-provable": {"cut off", "times", "rewritten"},
    }  # fmt: skip
    assert [log.log for log in report.logs] == ["main", MONTH]
    with home.store() as main:
        assert report.logs[0].size == main.head
    outside = [c.until for c in report.claims if c.name == "checkpoints outside"]
    assert outside[0] is not None
    assert outside[0] < report.logs[0].size


TAMPERINGS: dict[str, tuple[str, ...]] = {
    "lines": ("update events set data = json_set(data, '$.x', 1) where position = 40",),
    "order": ("delete from events where position = 30",),
    "tree": ("update log_frontier set peaks = zeroblob(length(peaks))",),
    "tables and triggers": ("create view x as select 1",),
    "read models": ("update saved_recipes set revision = revision + 1",),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_each_claim_is_disproved_by_what_it_is_about(home: AuditedHome, name: str) -> None:
    """A claim that nothing can disprove would say nothing."""
    home.change(*TAMPERINGS[name])
    assert name in {claim for _, claim, _ in bad(home.verify().claims)}


def test_the_first_bad_line_is_named(home: AuditedHome) -> None:
    """Also when others follow."""
    home.change("update events set actor = 'nobody' where position in (33, 50, 51)")
    report = home.verify()
    first = first_bad(report.claims)
    assert first is not None
    lines = next(c for c in report.claims if c.name == "lines" and c.log == "main")
    assert lines.position == 33
    assert "2 after it" in lines.sentence


@pytest.mark.parametrize("position", [-4, 0])
def test_a_line_before_the_first_is_seen(home: AuditedHome, position: int) -> None:
    """A reader that begins at 1 would not."""
    home.change(
        "insert into events select " + f"{position}, id, 'x', 1, type, schema, recorded_at, actor,"
        " null, null, data, leaf from events where position = 5"
    )
    assert ("main", "order", position) in bad(home.verify().claims)


def test_two_lines_that_changed_places_are_seen(home: AuditedHome) -> None:
    """Each of them is true by itself."""
    home.change(
        "update events set position = -1 where position = 20",
        "update events set position = 20 where position = 21",
        "update events set position = 21 where position = -1",
    )
    assert ("main", "lines", 20) in bad(home.verify().claims)


def test_a_dropped_trigger_is_seen(home: AuditedHome) -> None:
    """And one that does nothing in its place."""
    connection = sqlite3.connect(home.main)
    connection.execute("drop trigger events_no_delete")
    assert ("main", "tables and triggers", None) in bad(home.verify().claims)
    connection.execute(
        "create trigger events_no_delete before delete on events begin select 1; end"
    )
    connection.close()
    assert ("main", "tables and triggers", None) in bad(home.verify().claims)


def rewrite(home: AuditedHome, position: int, path: Path | None = None) -> None:
    """Change a line, and make leaves, tiles and edge anew so that all of it fits together."""
    path = path or home.main
    home.change(
        f"update events set actor = 'nobody' where position = {position}",
        "delete from log_tiles",
        path=path,
    )
    tree, leaves = refit(path)
    home.change(
        *(f"update events set leaf = x'{leaf.hex()}' where position = {n}" for n, leaf in leaves),
        *(f"insert into log_tiles values ({a}, {b}, x'{r.hex()}')" for a, b, r in tree.closed),
        f"update log_frontier set peaks = x'{tree.pack().hex()}'",
        path=path,
    )


def refit(path: Path) -> tuple[Frontier, list[tuple[int, bytes]]]:
    """The tree that the lines give."""
    store = EventStore.open(path, read_only=True)
    try:
        told = store.read_all(limit=10**6)
    finally:
        store.close()
    leaves = [(one.position, leaf_hash(canonical_line(one))) for one in told]
    return Frontier.of(leaf for _, leaf in leaves), leaves


def test_a_rewritten_line_whose_hashes_all_fit_is_found_by_the_checkpoints(
    home: AuditedHome,
) -> None:
    """In the log and outside, and they say between which positions it is."""
    rewrite(home, 60)
    found = bad(home.verify(deep=False).claims)
    assert {name for _, name, _ in found} == {"checkpoints in the log", "checkpoints outside"}
    assert all(position is not None and position <= 60 for _, _, position in found)


def test_a_rewritten_line_of_a_month_is_found_by_what_the_main_log_says(home: AuditedHome) -> None:
    """Without any note outside."""
    rewrite(home, 60, home.month)
    found = bad(home.verify(deep=False, notes=()).claims)
    assert found == [(MONTH, "checkpoints in the log", 1)]


def test_a_log_that_was_cut_off_is_found_by_a_checkpoint_outside(
    template: AuditedHome, tmp_path: Path
) -> None:
    """An old copy is whole in itself."""
    old = audited_home(tmp_path, days=1)
    young = AuditedHome(tmp_path)
    young.notes = list(old.notes)
    assert young.verify().holds
    shutil.copytree(tmp_path, tmp_path / "old")
    old.live()
    old.sign()
    restored = AuditedHome(tmp_path / "old")
    restored.notes = list(old.notes)
    found = bad(restored.verify().claims)
    assert {name for _, name, _ in found} == {"checkpoints outside"}
    assert any("cut off" in c.sentence for c in restored.verify().claims)
    assert restored.verify(notes=young.notes).holds


def test_a_checkpoint_in_the_log_that_is_not_true_is_found(home: AuditedHome) -> None:
    """Though the line it stands on is made to fit."""
    connection = sqlite3.connect(home.main)
    [(position,)] = connection.execute(
        "select min(position) from events where type = 'audit-checkpointed'"
        " and data ->> '$.log' = 'main'"
    ).fetchall()
    connection.close()
    home.change(
        "update events set data = json_set(data, '$.size', 7)" + f" where position = {position}"
    )
    assert ("main", "checkpoints in the log", position) in bad(home.verify(notes=()).claims)


def test_an_edited_note_outside_is_found(home: AuditedHome) -> None:
    """It is not what was signed."""
    size = home.notes[-1].split("\n")[1]
    home.notes[-1] = home.notes[-1].replace(f"\n{size}\n", f"\n{int(size) - 1}\n")
    assert ("main", "checkpoints outside", None) in bad(home.verify().claims)


def test_a_note_that_was_half_written_is_passed_over(home: AuditedHome) -> None:
    """A power cut is no attack; the notes before it hold."""
    torn = home.notes[-1][:-40]
    report = home.verify(notes=(*home.notes, torn, torn + "\n"))
    assert report.holds
    assert "notes outside" in verdicts(report.claims)["skipped"]
    assert not home.verify(vouched=(torn,)).holds


def test_another_key_is_found(home: AuditedHome) -> None:
    """The one at hand does not sign for this log."""
    other = str(signer_for("noted", OTHER_SEED).verifier)
    found = {name for _, name, _ in bad(home.verify(keys=(other,)).claims)}
    assert found == {"signing key", "checkpoints in the log", "checkpoints outside"}


def test_without_a_key_the_log_is_taken_at_its_word_and_that_is_said(home: AuditedHome) -> None:
    """Nothing is disproved, but the key is not proved either."""
    report = home.verify(keys=())
    assert report.holds
    assert "signing key" in verdicts(report.claims)["not-provable"]


def test_a_log_that_nobody_signed_is_not_that_of_the_key_given(home: AuditedHome) -> None:
    """Who writes a history anew names no key in it; that is no reason to call it good."""
    home.main = home.folder / "anew.db"
    EventStore.open(home.main, projections=ALL).close()
    found = verdicts(home.verify(books={}, notes=()).claims)
    assert "signing key" in found["not-provable"]
    found = verdicts(home.verify(books={}, notes=(), keys=()).claims)
    assert "signing key" in found["skipped"]


def test_a_replaced_key_signs_for_what_came_before_it_and_not_after(home: AuditedHome) -> None:
    """The log tells of it, and the new key signs for that."""
    with home.store() as main:
        keys = [str(signer_for(main.log_id, s).verifier) for s in (home.seed, OTHER_SEED)]
        fact = AuditKeyReplaced(previous=keys[0], verifier_key=keys[1], reason="it was lost")
        main.append_now("audit", [fact], actor="system")
    old_seed, home.seed = home.seed, OTHER_SEED
    home.live()
    assert "signing key" in verdicts(home.verify().claims)["not-provable"]  # as if forged
    home.sign()
    assert home.verify().holds
    assert "signing key" in verdicts(home.verify().claims)["proved"]
    home.seed = old_seed
    home.sign()
    home.seed = OTHER_SEED
    assert "checkpoints in the log" in {name for _, name, _ in bad(home.verify().claims)}


@pytest.mark.parametrize(("size", "verdict"), [(0, "not-provable"), (1, "disproved")])
def test_a_log_that_follows_a_damaged_one_says_so(
    home: AuditedHome, tmp_path: Path, size: int, verdict: str
) -> None:
    """And what was lost of it, as far as notes outside tell."""
    damaged = audited_home(tmp_path / "damaged", days=1)
    note = damaged.notes[-1]
    log_id, signed = note.split("\n")[0].rpartition("/")[2], int(note.split("\n")[1])
    fact = AuditLogContinued(
        previous_log_id=log_id,
        previous_size=signed if size else 7,
        previous_root="AAAA",
        reason="its file was damaged",
    )
    with home.store() as main:
        main.append_now("audit", [fact], actor="system")
    report = home.verify(notes=(*home.notes, note))
    [claim] = [claim for claim in report.claims if claim.name == "follows another log"]
    assert claim.verdict == verdict
    assert (f"at least {signed - 7} were lost" in claim.sentence) is (size == 0)
    assert "How many it had" in next(
        claim.sentence for claim in home.verify().claims if claim.name == "follows another log"
    )


def test_a_month_that_was_never_sealed_can_not_have_been_erased(home: AuditedHome) -> None:
    """A studio seals before it erases, and keeps what was signed for; that alone is no excuse."""
    book = EventStore.open(home.month, read_only=True)
    fact = AuditSegmentPruned(month="2026-11", log_id=book.log_id, reason="age", requests=40)
    book.close()
    with home.store() as main:
        main.append_now("audit", [fact], actor="system")
    home.sign()
    home.month.unlink()
    assert bad(home.verify().claims) == [("main", "all logs there", None)]


def test_a_month_that_is_gone_is_missed(home: AuditedHome) -> None:
    """Checkpoints of it are in the main log."""
    home.month.unlink()
    assert bad(home.verify().claims) == [("main", "all logs there", None)]


def test_a_log_in_another_ones_place_is_found(home: AuditedHome, tmp_path: Path) -> None:
    """A fresh log with a key of its own is whole in itself; only the notes outside tell."""
    fresh = audited_home(tmp_path / "fresh", seed=OTHER_SEED)
    shutil.copy(fresh.main, home.main)
    shutil.copy(fresh.month, home.month)
    home.seed = OTHER_SEED
    assert bad(home.verify().claims) == [("main", "all logs there", None)]
    assert not home.verify(notes=fresh.notes, vouched=tuple(home.notes)).holds
    assert home.verify(notes=(*fresh.notes, *home.notes)).holds, "two studios share a folder"


@pytest.mark.parametrize(
    "content", [b"", b"not a database" * 100, b"SQLite format 3\0" + b"\1" * 4096]
)
def test_a_file_that_is_no_log_is_said_to_be_none(home: AuditedHome, content: bytes) -> None:
    """In a claim, not in a traceback."""
    home.main.write_bytes(content)
    assert not home.verify().holds


def test_a_list_of_tables_that_is_no_text_is_damage(home: AuditedHome) -> None:
    """SQLite's own message about it can not be read as text either."""
    data = home.main.read_bytes()
    home.main.write_bytes(data.replace(b"TABLE events", b"TABL\xa0 events", 1))
    assert home.main.read_bytes() != data
    assert ("main", "structure", None) in bad(home.verify().claims)
    with pytest.raises(LogDamaged):
        EventStore.open(home.main, read_only=True)


def test_a_read_model_whose_column_has_another_name_is_found(home: AuditedHome) -> None:
    """It holds the same rows, and the next write would fail."""
    home.change("alter table saved_recipes rename column revision to revisiom")
    assert ("main", "read models", None) in bad(home.verify().claims)


def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    """In a claim too."""
    report = verify(Wanted(main=str(tmp_path / "main.db")))
    assert bad(report.claims) == [("main", "structure", None)]


def test_a_log_is_verified_while_it_grows(home: AuditedHome) -> None:
    """What comes meanwhile is not looked at, and disturbs nothing."""
    stop = threading.Event()
    with home.store() as main:

        def write() -> None:
            while not stop.is_set():
                main.append_now("app", [AppStarted(version="1", pid=1)], actor="system")

        def verified() -> Report:
            head, report = main.head, home.verify()
            eventually(lambda: main.head > head, within=60, what="it grows")
            return report

        writing = threading.Thread(target=write)
        writing.start()
        try:
            reports = [verified() for _ in range(3)]
        finally:
            stop.set()
            writing.join()
    assert [bad(report.claims) for report in reports] == [[], [], []]
    assert reports[0].logs[0].size < reports[2].logs[0].size


def test_nothing_is_changed_by_a_verification(home: AuditedHome) -> None:
    """Not a byte."""
    before = {path.name: path.read_bytes() for path in home.folder.iterdir()}
    home.verify()
    after = {path.name: path.read_bytes() for path in home.folder.iterdir()}
    assert {name: after[name] for name in before if not name.endswith("-shm")} == {
        name: data for name, data in before.items() if not name.endswith("-shm")
    }


def test_a_log_of_the_first_version_is_verified_as_it_is(tmp_path: Path) -> None:
    """It has no tiles and no checkpoints yet."""
    path = tmp_path / "main.db"
    connection = sqlite3.connect(path)
    old = Path(__file__).parents[1] / "history" / "log-0.1.0.sql"
    connection.executescript(old.read_text(encoding="utf-8"))
    connection.close()
    report = verify(Wanted(main=str(path)))
    assert report.holds
    assert report.logs[0].size == 40


@given(st.integers(0, 700), st.sets(st.integers(0, 700), max_size=8), st.integers(1, 300))
def test_roots_of_every_size_are_those_of_the_tree(size: int, wanted: set[int], step: int) -> None:
    """However the lines come, page by page."""
    leaves = [leaf_hash(b"%d" % n) for n in range(size)]
    growth = Growth(wanted)
    for at in range(0, size, step):
        growth.extend(leaves[at : at + step])
    growth.finish()
    whole = Frontier.of(leaves)
    assert (growth.size, growth.root(), growth.peaks) == (size, whole.root(), whole.peaks)
    assert growth.roots == {n: Frontier.of(leaves[:n]).root() for n in wanted if n <= size}
    assert growth.tiles == {(level, number): root for level, number, root in whole.closed}
