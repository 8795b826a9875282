"""A log in another's place fails everywhere, until its owner's word is in the main log; only then.

Three look each time: the verification of a home, the check of its export, the stand-alone script.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from core.auditing.replacing import Replacement, acknowledged, replacement_of, replacements
from core.errors import NotFound
from core.settings import Paths
from events.audit import check_proof
from events.audit.checkpoint import signer_for
from events.audit.claims import Claim, first_bad
from events.audit.export import LogToExport, write
from events.audit.replaced import text
from events.audit.sources import LiveLog
from events.facts import AuditLogContinued, AuditReplacementAcknowledged
from events.projections import USAGE
from events.store import EventStore
from tests.events.audited import MONTH, SEED, AuditedHome, audited_home, copied, request
from tests.events.exports import claims_of, key_of, made, note_of

Word = AuditReplacementAcknowledged


class Looks(NamedTuple):
    """Who finds nothing wrong."""

    verification: bool
    export: bool
    script: bool


ALL_HOLD, NONE_HOLDS = Looks(True, True, True), Looks(False, False, False)


@pytest.fixture(scope="module")
def replaced(tmp_path_factory: pytest.TempPathFactory) -> AuditedHome:
    """What every test has a copy of."""
    made_home = audited_home(tmp_path_factory.mktemp("replaced"))
    replace(made_home)
    return made_home


@pytest.fixture
def home(tmp_path: Path, replaced: AuditedHome) -> AuditedHome:
    """Signed for, then its month goes on in another log, as a recovery makes it."""
    return copied(replaced, tmp_path / "home")


def replace(home: AuditedHome, aside: str = "first") -> None:
    """Another log takes the month's place."""
    for part in ("-wal", "-shm", "", ".lock"):
        file = home.month.with_name(home.month.name + part)
        if file.exists():
            file.rename(home.folder / f"{aside}{part}")
    old = EventStore.open(home.folder / aside, read_only=True)
    continued = AuditLogContinued(
        previous_log_id=old.log_id, previous_size=old.head, previous_root="", reason="a bad disk"
    )
    old.close()
    with home.store(home.month) as month:
        month.append_now("audit", [continued], actor="cli")
        month.append_now("usage-2026-11-20", [request(n) for n in range(30)], actor="key:laptop")


def found(home: AuditedHome) -> Replacement:
    """What there is to acknowledge."""
    return replacement_of(replacements(Paths(home.folder)), MONTH)


def words(home: AuditedHome, reason: str, seed: bytes = SEED) -> list[Word]:
    """The owner's word for it, signed by the studio, or by who has another key."""
    one = found(home)
    return acknowledged(one, reason, signer_for(one.log_id, seed))


def record(home: AuditedHome, *facts: Word) -> None:
    """The owner's word, as the studio records it."""
    with home.store() as main:
        main.append_now("audit", facts, actor="window")


def looks(home: AuditedHome, tmp_path: Path, *, last: int | None = None) -> Looks:
    """All three; the export ends with `last` of the main log."""
    target = tmp_path / f"export-{len(list(tmp_path.iterdir()))}"
    sources = [LiveLog(home.main, "main"), LiveLog(home.month, MONTH)]
    ends = [sources[0].size if last is None else last, sources[1].size]
    logs = [
        LogToExport(source=source, first=1, last=end, note=note_of(source))
        for source, end in zip(sources, ends, strict=True)
    ]
    write(made(*logs, keys=[str(key_of(source.log_id)) for source in sources]), target)
    for source in sources:
        source.close()
    return Looks(
        home.verify().holds,
        first_bad(claims_of(target)) is None,
        check_proof.main(target) == 0,
    )


def told(home: AuditedHome) -> list[Claim]:
    """What a verification says of the replacement."""
    return [claim for claim in home.verify().claims if claim.name == "replaced"]


def test_a_replacement_that_nobody_recorded_fails(home: AuditedHome, tmp_path: Path) -> None:
    """However honest its new log says where it comes from."""
    assert looks(home, tmp_path) == NONE_HOLDS
    bad = first_bad(home.verify().claims)
    assert bad is not None
    assert "nobody has acknowledged that" in bad.sentence


def test_what_is_known_is_told_and_fails_no_more(
    home: AuditedHome, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who, when, why and which; and that nothing is shown of the old one."""
    one = found(home)
    [former] = one.former
    assert (one.follows, one.why, one.size) == (former.log_id, "a bad disk", 32)
    record(home, *words(home, "the disk was replaced"))
    assert looks(home, tmp_path) == ALL_HOLD
    [claim] = told(home)
    assert claim.verdict == "not-provable"
    assert f"The log {former.log_id}, signed for up to {former.size} events" in claim.sentence
    assert "acknowledged by window at 20" in claim.sentence
    assert ": the disk was replaced. What stood in it is not shown here." in claim.sentence
    assert f"was the log {former.log_id} before, acknowledged by window" in capsys.readouterr().out
    assert replacements(Paths(home.folder)) == ()
    with pytest.raises(NotFound, match="stands in the place"):
        found(home)


def test_it_goes_on_being_signed_for_and_checked(home: AuditedHome, tmp_path: Path) -> None:
    """The new log is no less proved than any other; a change in it is found."""
    record(home, *words(home, "known"))
    with home.store(home.month) as month:
        month.append_now("usage-2026-11-21", [request(7)], actor="key:laptop")
    home.sign()
    assert looks(home, tmp_path) == ALL_HOLD
    [signed] = [
        claim.until
        for claim in home.verify().claims
        if (claim.log, claim.name) == (MONTH, "checkpoints in the log")
    ]
    assert signed == 33
    home.change("update events set actor = 'x' where position = 5", path=home.month)
    assert home.verify().holds is False


def test_one_word_covers_one_replacement(home: AuditedHome, tmp_path: Path) -> None:
    """A third log in the same place is unknown again, and both before it have to be known."""
    record(home, *words(home, "known"))
    home.sign()
    replace(home, aside="second")
    assert looks(home, tmp_path) == NONE_HOLDS
    assert len(found(home).former) == 2
    record(home, *words(home, "again"))
    assert looks(home, tmp_path) == ALL_HOLD


def test_the_old_log_must_not_come_back(home: AuditedHome, tmp_path: Path) -> None:
    """A checkpoint of it that was made after the word is none that the word knew of."""
    record(home, *words(home, "known"))
    new = home.month.rename(home.folder / "new")
    (home.folder / "first").rename(home.month)
    home.sign()
    home.month.unlink()
    new.rename(home.month)
    assert looks(home, tmp_path) == NONE_HOLDS


WRONG: dict[str, Callable[[Word], Word]] = {
    "of other lines": lambda w: msgspec.structs.replace(w, root=w.previous_root),
    "of another end": lambda w: msgspec.structs.replace(w, previous_size=w.previous_size - 1),
    "of another old log": lambda w: msgspec.structs.replace(w, previous_log_id="x"),
    "of another new log": lambda w: msgspec.structs.replace(w, log_id=w.previous_log_id),
    "of another month": lambda w: msgspec.structs.replace(w, log="usage-2026-10"),
    "of more than there is": lambda w: msgspec.structs.replace(w, size=w.size + 1000),
}


@pytest.mark.parametrize("how", WRONG)
def test_a_word_about_something_else_helps_nothing(
    home: AuditedHome, tmp_path: Path, how: str
) -> None:
    """However well it is signed."""
    [word] = words(home, "known")
    wrong = WRONG[how](word)
    note = signer_for(wrong.log_id, home.seed).sign(text(wrong))
    record(home, msgspec.structs.replace(wrong, note=note))
    assert looks(home, tmp_path) == NONE_HOLDS


FORGED: dict[str, Callable[[AuditedHome, Word], str]] = {
    "by nobody": lambda home, word: "",
    "by another key": lambda home, word: words(home, "known", b"\1" * 32)[0].note,
    "for the new log only": lambda home, word: signer_for(word.log_id, SEED).sign(
        "\n".join(text(word).split("\n")[:3]) + "\n"
    ),
    "for another end": lambda home, word: signer_for(word.log_id, SEED).sign(
        text(word).replace(" ", "  ")
    ),
}


@pytest.mark.parametrize("how", FORGED)
def test_who_has_no_key_can_not_say_the_word(home: AuditedHome, tmp_path: Path, how: str) -> None:
    """Who can write the file may add it; that the next checkpoint covers it makes it no truer."""
    [word] = words(home, "known")
    record(home, msgspec.structs.replace(word, note=FORGED[how](home, word)))
    assert looks(home, tmp_path) == NONE_HOLDS
    home.sign()
    assert looks(home, tmp_path) == NONE_HOLDS


def test_a_part_that_ends_before_the_word_is_no_proof_against_it(
    home: AuditedHome, tmp_path: Path
) -> None:
    """The export of an earlier time can not show what was said later, and says that."""
    with home.store() as main:
        before = main.head
    record(home, *words(home, "known"))
    assert looks(home, tmp_path, last=before) == ALL_HOLD


def test_what_nothing_says_where_it_comes_from_is_told_so(tmp_path: Path) -> None:
    """An empty log that somebody began is shown as one that names none before it."""
    home = audited_home(tmp_path / "home")
    home.month.unlink()
    EventStore.open(home.month, projections=USAGE).close()
    one = found(home)
    assert (one.follows, one.why, one.size) == (None, None, 1)
    assert home.verify().holds is False
