"""A sealed log holds the lines it was made of, proves each, and notices every change."""

import base64
import lzma
import subprocess
from pathlib import Path
from shutil import which

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.audit.claims import first_bad
from events.audit.merkle import Frontier, leaf_hash
from events.audit.proofs import includes, inclusion_proof
from events.audit.segment_claims import verify_segment
from events.audit.segments import BLOCK, Entry, Segment, Written, lines_of, write_segment
from events.errors import LogDamaged
from events.facts import AuditSegmentPruned, AuditSegmentSealed

LOG_ID = "00000000-0000-4000-8000-000000000000"


def entries(count: int) -> list[Entry]:
    """Lines that are no real ones, for a segment does not look into them."""
    return [Entry(b'{"position":%d}' % n, 1000 + n, f"r{n}") for n in range(1, count + 1)]


def root_of(lines: list[bytes]) -> bytes:
    """By the tree that every log keeps."""
    return Frontier.of(map(leaf_hash, lines)).root()


def write(path: Path, those: list[Entry]) -> Written:
    """A segment of these."""
    root = root_of([entry.line for entry in those])
    return write_segment(path, those, log="usage-2026-09", log_id=LOG_ID, root=root, note="")


def sealed_fact(path: Path, written: Written) -> AuditSegmentSealed:
    """What the main log would say of it."""
    return AuditSegmentSealed(
        month="2026-09", log_id=LOG_ID, file=path.name, events=written.size, size=written.size,
        root=base64.b64encode(written.root).decode(), sha256=written.sha256, bytes=written.bytes,
        first_at=written.first_at, last_at=written.last_at, rollup={},
    )  # fmt: skip


@pytest.mark.parametrize("count", [0, 1, 2, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 7])
def test_a_segment_holds_its_lines(home: Path, count: int) -> None:
    """In order, whole, with their root, from any position to any other."""
    path, those = home / "a.segment", entries(count)
    written = write(path, those)
    lines = [entry.line for entry in those]
    assert list(lines_of(path)) == lines
    assert written.bytes == path.stat().st_size
    with Segment.open(path) as segment:
        assert (segment.size, segment.root) == (count, root_of(lines))
        for after, until in ((0, 1), (count // 2, count), (count - 1, None), (count, None)):
            assert list(segment.lines(after, until)) == lines[max(0, after) : until]
        with pytest.raises(KeyError):
            segment.line(count + 1)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_every_line_can_be_proved(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Against the root, from one block and what the index says of the others."""
    count = data.draw(st.integers(1, 5 * BLOCK))
    leaf = data.draw(st.integers(0, count - 1))
    path, those = tmp_path_factory.mktemp("segment") / "a.segment", entries(count)
    write(path, those)
    with Segment.open(path) as segment:
        proof = inclusion_proof(segment.tree.root, leaf, count)
        assert includes(segment.tree.leaf(leaf), leaf, count, proof, segment.root)
        assert segment.tree.leaf(leaf) == leaf_hash(those[leaf].line)
        assert not includes(leaf_hash(b"another"), leaf, count, proof, segment.root)


def test_a_line_is_found_by_its_name(home: Path) -> None:
    """Also where a name stands twice; what is not there is hardly ever looked at."""
    those = entries(2 * BLOCK)
    those[7] = those[7]._replace(name="r2000")
    those[8] = those[8]._replace(name="")
    write(home / "a.segment", those)
    with Segment.open(home / "a.segment") as segment:
        assert {8, 2000} <= set(segment.positions_of("r2000"))
        assert 1 in segment.positions_of("r1")
        assert len(segment.positions_of("nobody")) < 3


def test_anybody_can_read_it_with_xz(home: Path) -> None:
    """The lines as they are, then two lines of ours."""
    path, those = home / "a.segment", entries(BLOCK + 3)
    write(path, those)
    told = lzma.decompress(path.read_bytes()).split(b"\n")
    assert told[: BLOCK + 3] == [entry.line for entry in those]
    assert len(told) == BLOCK + 3 + 2 + 1
    if xz := which("xz"):
        shown = subprocess.run([xz, "-dc", path], capture_output=True, check=True, timeout=60)
        assert shown.stdout.split(b"\n") == told


def test_lines_that_give_another_root_are_not_sealed(home: Path) -> None:
    """What was changed in the live log is found before it is thrown away."""
    with pytest.raises(LogDamaged, match="not what was written"):
        write_segment(
            home / "a.segment", entries(5), log="usage-2026-09", log_id=LOG_ID, root=bytes(32),
            note="",
        )  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_change_of_a_byte_goes_unnoticed(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Wherever it is, and also a piece that is missing at the end."""
    path = tmp_path_factory.mktemp("segment") / "usage-2026-09.segment"
    fact = sealed_fact(path, write(path, entries(BLOCK + 50)))
    assert first_bad(verify_segment(path, fact)) is None
    whole = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        path.write_bytes(whole[:at])
    else:
        whole[at] ^= data.draw(st.integers(1, 255))
        path.write_bytes(whole)
    assert first_bad(verify_segment(path, fact)) is not None


def test_a_segment_that_was_made_anew_with_another_line_is_disproved(home: Path) -> None:
    """Whole in itself, but not what the main log says."""
    path, those = home / "usage-2026-09.segment", entries(BLOCK)
    fact = sealed_fact(path, write(path, those))
    those[500] = those[500]._replace(line=b'{"position":501,"changed":1}')
    write(path, those)
    bad = [claim.name for claim in verify_segment(path, fact) if claim.verdict == "disproved"]
    assert bad == ["file", "lines"]


def test_a_missing_segment_is_lost_unless_it_was_pruned(home: Path) -> None:
    """The fact of the pruning tells the two apart."""
    path = home / "usage-2026-09.segment"
    fact = sealed_fact(path, write(path, entries(3)))
    path.unlink()
    lost = first_bad(verify_segment(path, fact))
    assert lost is not None
    assert "is lost" in lost.sentence
    (home / "usage-2026-09.db").touch()
    assert first_bad(verify_segment(path, fact)) is None  # not removed yet, or brought back
    (home / "usage-2026-09.db").unlink()
    pruned = AuditSegmentPruned(month="2026-09", log_id=LOG_ID, reason="owner", requests=2)
    claims = verify_segment(path, fact, pruned)
    assert first_bad(claims) is None
    assert any("2 requests of 2026-09 were erased" in claim.sentence for claim in claims)
