"""`audit verify`, `status`, `prove`, `check`, `script` as they are typed, with nobody at home."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest

from core.auditing.notes import NotesFolder
from core.sealing.steps import seal_month
from core.settings import Paths
from core.usage.months import Months
from desktop.cli.audit_words import known_keys
from events.audit.checkpoint import signer_for
from events.projections import ALL
from events.store import EventStore
from tests.desktop.conftest import Run
from tests.events.audited import MONTH, AuditedHome, audited_home, copied
from tests.events.conftest import START


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> AuditedHome:
    """What every test has a copy of."""
    return audited_home(tmp_path_factory.mktemp("lived"))


@pytest.fixture
def audited(home: Path, lived: AuditedHome) -> AuditedHome:
    """A home with checkpoints outside and the key that signs."""
    made = copied(lived, home)
    folder = NotesFolder(home / "checkpoints")
    for note in made.notes:
        folder.append(note)
    (home / "secrets").mkdir(exist_ok=True)
    (home / "secrets" / "audit-key").write_text(made.seed.hex())
    return made


def test_a_log_that_holds_is_said_to_hold_claim_by_claim(run: Run, audited: AuditedHome) -> None:
    """With what nobody can show."""
    said = run("audit", "verify", "--deep")
    assert said.exit_code == 0, said.output
    assert "✓ lines" in said.stdout
    assert "? rewritten" in said.stdout
    assert "claims that can be shown hold." in said.stdout
    report = json.loads(run("audit", "verify", "--json").stdout)
    assert [log["log"] for log in report["logs"]] == ["main", MONTH]
    assert {claim["name"] for log in report["logs"] for claim in log["claims"]} >= {"order", "tree"}


def test_a_log_that_does_not_hold_ends_with_one_and_says_where(
    run: Run, audited: AuditedHome
) -> None:
    """The first bad position stands in the sentence."""
    audited.change("update events set actor = 'nobody' where position = 77")
    said = run("audit", "verify")
    assert said.exit_code == 1
    assert "✗ lines" in said.stdout
    assert "position 77" in said.stdout
    assert run("audit", "verify", "--json").exit_code == 1


def test_a_note_that_was_kept_at_home_is_held_against_the_log(
    run: Run, audited: AuditedHome, tmp_path: Path
) -> None:
    """Also when whoever changed the log made away with the others."""
    kept = tmp_path / "kept.note"
    kept.write_text(audited.notes[-1])
    assert run("audit", "verify", "--checkpoint", str(kept)).exit_code == 0
    for path in (audited.folder / "checkpoints").iterdir():
        path.unlink()
    size = int(audited.notes[-1].split("\n")[1])
    audited.change(
        f"delete from events where position > {size - 5}",
        "update log_frontier set size = (select max(position) from events)",
    )
    said = run("audit", "verify", "--note", str(kept))
    assert said.exit_code == 1
    assert "its end was cut off" in said.stdout
    empty = tmp_path / "empty.note"
    empty.write_text("hello")
    assert "holds no checkpoint" in run("audit", "verify", "--note", str(empty)).stderr


def test_a_damaged_file_is_a_claim_and_no_traceback(run: Run, audited: AuditedHome) -> None:
    """Everything else is still said."""
    data = bytearray(audited.main.read_bytes())
    data[4096 * 3 : 4096 * 8] = bytes(4096 * 5)
    audited.main.write_bytes(bytes(data))
    said = run("audit", "verify")
    assert said.exit_code == 1
    assert "✗ structure" in said.stdout


def test_a_pinned_key_is_demanded(run: Run, audited: AuditedHome, tmp_path: Path) -> None:
    """As text or as a file."""
    file = tmp_path / "key.txt"
    file.write_text(f"{audited.key}\n")
    for key in (audited.key, str(file)):
        assert run("audit", "verify", "--key", key).exit_code == 0
        assert [str(one) for one in known_keys(key)] == [audited.key]
    other = str(signer_for("x", b"\1" * 32).verifier)
    assert "✗ signing key" in run("audit", "verify", "--key", other).stdout
    assert "--key:" in run("audit", "verify", "--key", "nonsense").stderr


def test_the_state_of_the_log_is_shown_without_an_app(run: Run, audited: AuditedHome) -> None:
    """And that nobody ever verified it."""
    said = run("audit", "status")
    assert said.exit_code == 0, said.output
    assert "signed for" in said.stdout
    assert "never" in said.stdout
    assert json.loads(run("audit", "status", "--json").stdout)["checkpoint"]["size"] > 100


def test_a_proof_is_made_checked_and_refused_when_it_was_changed(
    run: Run, audited: AuditedHome, tmp_path: Path
) -> None:
    """By the same words, and by the script alone."""
    proof, script = tmp_path / "proof.json", tmp_path / "check_proof.py"
    made = run("audit", "prove", "40", "--out", str(proof))
    assert made.exit_code == 0, made.output
    assert "✓ inclusion" in made.stdout
    assert run("audit", "script", "--out", str(script)).exit_code == 0
    alone = [sys.executable, "-I", str(script), str(proof)]
    for holds in (True, False):
        checked = run("audit", "check", str(proof), "--key", audited.key)
        assert (checked.exit_code == 0) is holds
        found = json.loads(run("audit", "check", str(proof), "--json").stdout)
        assert found["holds"] is holds
        assert (subprocess.run(alone, capture_output=True, timeout=60).returncode == 0) is holds
        proof.write_text(proof.read_text().replace('"actor\\":\\"cli', '"actor\\":\\"cla'))


def test_a_request_is_proved_by_its_id_also_when_its_month_is_sealed(
    run: Run, audited: AuditedHome, home: Path
) -> None:
    """The same line, under the same checkpoint."""
    proofs = []
    for sealed in (False, True):
        if sealed:
            seal(home)
        made = run("audit", "prove", "--request", "r7", "--json")
        assert made.exit_code == 0, made.output
        proofs.append(json.loads(made.stdout))
    assert proofs[0] == proofs[1]
    assert '"request_id":"r7"' in proofs[0]["line"]
    unknown = run("audit", "prove", "--request", "nobody")
    assert (unknown.exit_code, "no request 'nobody'" in unknown.output) == (1, True)
    assert run("audit", "prove", "3", "--request", "r7").exit_code == 1


def seal(home: Path) -> None:
    """The month of requests, as the studio seals it."""
    paths = Paths(home)
    store = EventStore.open(paths.main_db, projections=ALL)
    with closing(store):
        seal_month(
            MONTH.removeprefix("usage-"),
            paths=paths,
            months=Months(paths),
            store=store,
            now=lambda: START,
            sign=None,
            actor="system",
            given_up=Event(),
        )


def test_a_proof_of_growth_takes_sizes_and_notes(
    run: Run, audited: AuditedHome, tmp_path: Path
) -> None:
    """The note that was kept, and a size of today."""
    kept, proof = tmp_path / "kept.note", tmp_path / "growth.json"
    kept.write_text(audited.notes[1])
    words = ("audit", "prove", "--consistency", str(kept), "290", "--out", str(proof))
    said = run(*words)
    assert said.exit_code == 0, said.output
    assert "✓ consistency" in said.stdout
    assert "Nobody has signed for the 290 lines." in said.stdout
    assert run("audit", "check", str(proof)).exit_code == 0
    month = ("audit", "prove", "--consistency", "3", "9", "--log", MONTH, "--json")
    assert json.loads(run(*month).stdout)["kind"] == "consistency"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("prove",), "give a POSITION"),
        (("prove", "5", "--consistency", "1", "2"), "give a POSITION"),
        (("prove", "9999999"), "positions 1 to"),
        (("prove", "--consistency", "nowhere", "2"), "is no size, and no file"),
        (("prove", "1", "--log", "usage-1999-01"), "there is no log"),
    ],
)
def test_what_can_not_be_proved_is_refused_in_words(
    run: Run, audited: AuditedHome, words: tuple[str, ...], said: str
) -> None:
    """On one line."""
    refused = run("audit", *words)
    assert refused.exit_code == 1
    assert said in refused.stderr


def test_nothing_is_proved_of_a_line_that_was_changed(run: Run, audited: AuditedHome) -> None:
    """The refusal says how to find out more."""
    audited.change("update events set actor = 'nobody' where position = 40")
    refused = run("audit", "prove", "40")
    assert refused.exit_code == 1
    assert "audit verify" in refused.stderr


def test_a_file_that_proves_nothing_is_said_to_prove_nothing(run: Run, tmp_path: Path) -> None:
    """Neither a proof nor an export; no log is needed for that."""
    for name, content in (("a", b"{}"), ("b", b"hello"), ("c", b"")):
        (tmp_path / name).write_bytes(content)
        refused = run("audit", "check", str(tmp_path / name))
        assert refused.exit_code == 1, name
        assert refused.stderr.startswith("error:")


def test_without_a_log_there_is_nothing_to_verify(run: Run) -> None:
    """Exit code 3, as for everything else."""
    for words in (("verify",), ("status",), ("prove", "1")):
        assert run("audit", *words).exit_code == 3


def test_a_log_that_is_gone_is_missed_while_its_months_are_there(
    run: Run, audited: AuditedHome
) -> None:
    """It is no fresh home."""
    audited.main.unlink()
    assert "The file is not there." in run("audit", "verify").stdout


def test_a_log_is_verified_beside_a_program_that_reads_it(run: Run, audited: AuditedHome) -> None:
    """Somebody has it open."""
    reader = sqlite3.connect(audited.main)
    reader.execute("begin")
    reader.execute("select count(*) from events").fetchone()
    try:
        assert run("audit", "verify").exit_code == 0
    finally:
        reader.close()
