"""Proofs hold wherever they are checked, and nothing that was changed does.

The stand-alone script is the second opinion: it shares no line with ours.
"""

import base64
import importlib.util
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.audit import check_proof, exported
from events.audit.checkpoint import signer_for
from events.audit.claims import first_bad
from events.audit.note import Verifier
from events.audit.proof_file import ProofInvalid, check, decode, encode
from events.audit.prove import NoSuchPlace, Prover
from events.audit.sources import LiveLog
from events.errors import LogDamaged
from tests.events.audited import AuditedHome, audited_home
from tests.events.exports import export_log

SCRIPT = Path(check_proof.__file__)
ALONE = "import runpy, sys; sys.modules['events'] = None; sys.argv = sys.argv[1:]; " + (
    "runpy.run_path(sys.argv[0], run_name='__main__')"
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> AuditedHome:
    """Made once; who changes it takes a copy."""
    return audited_home(tmp_path_factory.mktemp("audited"))


@pytest.fixture(scope="module")
def prover(home: AuditedHome) -> Iterator[Prover]:
    """Of the main log."""
    source = LiveLog(home.main, "main")
    yield Prover(source, home.notes, [home.key])
    source.close()


def script_says(path: Path, *keys: str) -> bool:
    """Whether the stand-alone script lets a file pass, in this process."""
    spec = importlib.util.spec_from_file_location("alone", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return bool(module.main(path, *keys) == 0)


def we_say(data: bytes, *keys: str) -> bool:
    """Whether our own check does."""
    try:
        return first_bad(check(decode(data), [Verifier.parse(key) for key in keys])) is None
    except ProofInvalid:
        return False


def test_every_line_is_proved_under_the_newest_checkpoint(
    home: AuditedHome, prover: Prover
) -> None:
    """And one after it under the log as it is, which nobody signed for."""
    source = LiveLog(home.main, "main")
    covered = prover.covering(1)
    assert covered is not None
    assert covered < source.size
    for position in range(1, source.size + 1):
        proof = prover.line(position)
        claims = check(proof, [Verifier.parse(home.key)])
        assert first_bad(claims) is None
        assert proof.tree.size == (covered if position <= covered else source.size)
        signed = {claim.name: claim.verdict for claim in claims}["signature"]
        assert signed == ("proved" if position <= covered else "not-provable")
        assert len(proof.hashes) <= proof.tree.size.bit_length()
    source.close()


def test_growth_is_proved_between_any_two_sizes(home: AuditedHome, prover: Prover) -> None:
    """Sizes and notes, either way round."""
    source = LiveLog(home.main, "main")
    notes = [note for note in home.notes if source.log_id in note]
    for earlier in (1, 7, 64, notes[0], notes[1]):
        proof = prover.growth(earlier)
        assert first_bad(check(proof)) is None
        assert proof.later.checkpoint == notes[-1]
    newest = prover.growth(notes[-1])
    assert (newest.earlier.checkpoint, newest.later.checkpoint) == (notes[-1], None)
    assert prover.growth(90, 30) == prover.growth(30, 90)
    source.close()


@pytest.mark.parametrize("place", [0, -1, 10**6])
def test_what_is_not_there_is_refused(prover: Prover, place: int) -> None:
    """In words."""
    with pytest.raises(NoSuchPlace, match="positions 1 to"):
        prover.line(place)
    with pytest.raises(NoSuchPlace, match="never"):
        prover.growth(place)


def test_a_note_that_nobody_known_signed_is_refused(home: AuditedHome, prover: Prover) -> None:
    """Or one of another log."""
    with pytest.raises(NoSuchPlace, match="no signed checkpoint"):
        prover.growth(home.notes[0])  # of the month
    with pytest.raises(NoSuchPlace, match="no signed checkpoint"):
        prover.growth(home.notes[1].replace("— ", "— x"))


def test_nothing_is_proved_of_a_line_that_was_changed(home: AuditedHome, tmp_path: Path) -> None:
    """Who asks is told that it was."""
    shutil.copytree(home.folder, tmp_path / "home")
    copy = AuditedHome(tmp_path / "home")
    copy.change("update events set actor = 'nobody' where position = 12")
    source = LiveLog(copy.main, "main")
    with pytest.raises(LogDamaged, match="nothing can be proved"):
        Prover(source, home.notes, [home.key]).line(12)
    assert Prover(source, home.notes, [home.key]).line(13)
    source.close()


EDITS: dict[str, Callable[[dict[str, Any]], object]] = {
    "line": lambda p: p.update(line=p["line"].replace('"actor":"cli"', '"actor":"cla"')),
    "position": lambda p: p.update(position=p["position"] + 1),
    "hash": lambda p: p["hashes"].__setitem__(0, p["hashes"][1]),
    "hash left out": lambda p: p["hashes"].pop(),
    "hash too many": lambda p: p["hashes"].append(p["hashes"][0]),
    "root": lambda p: p["tree"].update(root=base64.b64encode(b"\0" * 32).decode()),
    "size": lambda p: p["tree"].update(size=p["tree"]["size"] + 1),
    "checkpoint": lambda p: p["tree"].update(
        checkpoint=p["tree"]["checkpoint"].replace("\n— ", "\n— x", 1)
    ),
    "signature": lambda p: p["tree"].update(checkpoint=p["tree"]["checkpoint"][:-6] + "AAA=\n"),
    "log": lambda p: p.update(log_id="another"),
    "keys": lambda p: p.update(verifier_keys=[]),
    "another's key": lambda p: p.update(
        verifier_keys=[str(signer_for(p["log_id"], b"\1" * 32).verifier)]
    ),
    "version": lambda p: p.update(version=2),
    "kind": lambda p: p.update(kind="other"),
    "no hashes": lambda p: p.update(hashes=[]),
    "no line": lambda p: p.pop("line"),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edited_proof_does_not_hold(prover: Prover, tmp_path: Path, edit: str) -> None:
    """By our own check, nor by the script."""
    proof = json.loads(encode(prover.line(40)))
    path = tmp_path / "proof.json"
    path.write_text(json.dumps(proof))
    assert we_say(path.read_bytes())
    assert script_says(path)
    before = json.dumps(proof)
    EDITS[edit](proof)
    assert json.dumps(proof) != before
    path.write_text(json.dumps(proof))
    assert not we_say(path.read_bytes())
    assert not script_says(path)


@given(data=st.data())
def test_both_checkers_are_of_one_opinion(
    prover: Prover, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Whatever letter or number in a proof somebody changes."""
    kind = data.draw(st.sampled_from(["line", "growth"]))
    proof = json.loads(encode(prover.line(41) if kind == "line" else prover.growth(33)))
    inside, key = data.draw(st.sampled_from(list(places(proof))))
    value = inside[key]
    if isinstance(value, int):
        inside[key] = value + data.draw(st.integers(-3, 3))
    else:
        at = data.draw(st.integers(0, len(value) - 1))
        inside[key] = value[:at] + data.draw(st.sampled_from('A1z"{ ,\n=')) + value[at + 1 :]
    path = tmp_path_factory.getbasetemp() / "edited.json"
    path.write_text(json.dumps(proof))
    assert we_say(path.read_bytes()) == script_says(path)


def places(inside: Any) -> Iterator[tuple[Any, Any]]:
    """Every letter and number in a document, by what it is in and where."""
    for key, value in inside.items() if isinstance(inside, dict) else enumerate(inside):
        if isinstance(value, dict | list):
            yield from places(value)
        elif value is not None and key != "kind":
            yield inside, key


def test_a_pinned_key_is_demanded(home: AuditedHome, prover: Prover, tmp_path: Path) -> None:
    """The one that came with the proof then counts for nothing."""
    path = tmp_path / "proof.json"
    path.write_bytes(encode(prover.line(9)))
    other = str(signer_for("x", b"\1" * 32).verifier)
    for key, holds in ((home.key, True), (other, False)):
        assert we_say(path.read_bytes(), key) is holds
        assert script_says(path, key) is holds


def alone(path: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the script as an auditor would, where nothing of ours can be imported."""
    return subprocess.run(
        [sys.executable, "-I", "-c", ALONE, shutil.copy(SCRIPT, folder), str(path)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_script_needs_nothing_of_ours(prover: Prover, tmp_path: Path) -> None:
    """It says what holds, and ends with 1 when it does not."""
    path = tmp_path / "proof.json"
    path.write_bytes(encode(prover.line(40)))
    good = alone(path, tmp_path)
    assert (good.returncode, good.stderr) == (0, "")
    assert "All of it holds." in good.stdout
    path.write_bytes(path.read_bytes().replace(b"cli", b"cla"))
    wrong = alone(path, tmp_path)
    assert (wrong.returncode, wrong.stderr) == (1, "")
    assert "DOES NOT HOLD" in wrong.stdout


@pytest.mark.parametrize("form", ["folder", "audit.zip", "audit.tar"])
@pytest.mark.parametrize("part", [(1, None, -1), (20, 60, 50), (20, 60, 90), (70, None, 50)])
def test_the_script_checks_exports(
    home: AuditedHome, tmp_path: Path, form: str, part: tuple[int, int | None, int]
) -> None:
    """Whole ones and parts, in every form."""
    first, last, signed = part
    with home.store() as main:
        export_log(main, tmp_path / form, first=first, last=last, signed=signed)
    with exported.opened(tmp_path / form) as export:
        assert first_bad(exported.verify(export)) is None
    assert script_says(tmp_path / form)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("log.jsonl", b'"actor":"cli"', b'"actor":"cla"'),
        ("checkpoint.note", b"vllm-studio", b"vllm-studia"),
        ("manifest.json", b'"first":1', b'"first":2'),
        ("verifier-key.txt", b"+", b"-"),
    ],
)
def test_the_script_finds_what_was_changed_in_an_export(
    home: AuditedHome, tmp_path: Path, file: str, old: bytes, new: bytes
) -> None:
    """Also when the manifest is made to fit, as far as it can be."""
    target = tmp_path / "export"
    with home.store() as main:
        export_log(main, target)
    path = target / file
    content = path.read_bytes()
    manifest = target / "manifest.json"
    assert old in content.replace(b": ", b":")
    path.write_bytes(content.replace(b": ", b":").replace(old, new, 1))
    if path != manifest:
        told = json.loads(manifest.read_bytes())
        told["files"][file].update(
            bytes=len(path.read_bytes()), sha256=sha256(path.read_bytes()).hexdigest()
        )
        manifest.write_text(json.dumps(told))
    assert not script_says(target)


def test_the_script_says_of_a_file_that_it_is_none(tmp_path: Path) -> None:
    """Instead of falling over it."""
    for name, content in (("a", b""), ("b", b"{"), ("c", b"[]"), ("d", b"{}"), ("e", b"\xff" * 99)):
        (tmp_path / name).write_bytes(content)
        assert not script_says(tmp_path / name)
    with zipfile.ZipFile(tmp_path / "f.zip", "w") as empty:
        empty.writestr("x", "y")
    assert not script_says(tmp_path / "f.zip")
    assert not script_says(tmp_path / "nowhere")
