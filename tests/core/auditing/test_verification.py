"""What a verification is given of a home, and what it leaves in the log."""

import pytest

from core.auditing.notes import NotesFolder
from core.auditing.verification import fact_of, is_found, outside_notes, wanted_of
from events.audit.claims import LogReport, disproved, not_provable, proved
from events.audit.verify import verify
from events.facts import AuditVerificationFailed, AuditVerified
from tests.core.auditing.conftest import Home


@pytest.fixture
async def signed(studio_home: Home) -> Home:
    """A home whose log was signed for twice."""
    checkpointer = await studio_home.begin()
    for _ in range(2):
        studio_home.write(5)
        await checkpointer.checkpoint("asked")
    studio_home.close()
    return studio_home


async def test_a_home_is_verified_against_its_notes_and_its_key(signed: Home) -> None:
    """All of it is found by itself."""
    wanted = wanted_of(signed.settings, signed.secrets, deep=True)
    assert len(wanted.notes) == 2
    report = verify(wanted)
    assert report.holds
    assert {c.name for c in report.claims if c.verdict == "proved"} >= {
        "checkpoints outside",
        "signing key",
    }


async def test_what_is_no_whole_note_is_handed_on_too(signed: Home) -> None:
    """So that it is named and not passed over in silence."""
    folder = signed.settings.checkpoints
    [path] = folder.iterdir()
    whole = path.read_text(encoding="utf-8")
    path.write_text(whole[:-30], encoding="utf-8")
    assert len(outside_notes(folder)) == 2
    path.write_text(whole.replace("vllm-studio", "vllm-studia", 1), encoding="utf-8")
    notes = outside_notes(folder)
    assert len([note for note in notes if note in NotesFolder(folder).notes()]) == 1
    assert any("studia" in note for note in notes)
    report = verify(wanted_of(signed.settings, signed.secrets))
    assert "notes outside" in {claim.name for claim in report.claims}


def test_what_was_found_of_a_log_is_one_fact() -> None:
    """The first bad position, or how much was proved; nothing of what can not be looked at."""
    good = LogReport(log="main", size=9, claims=(proved("main", "a", "So."),), seconds=1.5)
    assert fact_of(good) == AuditVerified(log="main", size=9, root="", claims=1, seconds=1.5)
    bad = LogReport(
        log="main",
        claims=(
            proved("main", "a", "So."),
            disproved("main", "b", "Not so."),
            disproved("main", "c", "Nor here.", position=7),
        ),
    )
    assert fact_of(bad) == AuditVerificationFailed(log="main", position=7, reason="Nor here.")
    erased = LogReport(log="usage-2026-01", claims=(not_provable("usage-2026-01", "a", "Gone."),))
    assert [is_found(one) for one in (good, bad, erased)] == [True, True, False]
