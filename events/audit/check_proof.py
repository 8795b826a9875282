#!/usr/bin/env python3
"""Check a proof or an export of vLLM Studio's log, with nothing of vLLM Studio.

    python3 check_proof.py FILE-OR-FOLDER [VERIFIERKEY]

Needs Python 3.11 and the package `cryptography`. What it follows: RFC 6962 (hashes), RFC 9162
(proofs), C2SP signed-note and tlog-checkpoint (signatures). Without VERIFIERKEY the key that came
with the file is believed: compare it with one that you got another way. Ends with 0 when all holds.
"""

import json
import sys
import tarfile
import zipfile
from base64 import b64decode
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Opener = Callable[[str], Any]  # from a name to its file, open for reading
ORIGIN = "vllm-studio.local/log/"


def need(true: object, otherwise: str) -> None:
    """Go on only when it is true."""
    if not true:
        raise ValueError(otherwise)


def node(left: bytes, right: bytes) -> bytes:
    """Two subtrees' hash."""
    return sha256(b"\1" + left + right).digest()


def push(peaks: list[bytes], size: int, line: bytes) -> None:
    """Grow a tree of `size` lines, kept as the roots of its whole subtrees, by one line."""
    hash = sha256(b"\0" + line).digest()
    while size & 1:
        hash, size = node(peaks.pop(), hash), size >> 1
    peaks.append(hash)


def root_of(peaks: list[bytes]) -> bytes:
    """The hash that stands for the whole tree."""
    root = peaks[-1] if peaks else sha256(b"").digest()
    for peak in peaks[-2::-1]:
        root = node(peak, root)
    return root


def climbed(start: bytes, at: int, last: int, hashes: list[bytes]) -> tuple[bytes, bytes]:
    """The roots before and after, from a subtree and the hashes beside the way up (RFC 9162)."""
    old = new = start
    for hash in hashes:
        need(last, "the proof is too long")
        if at & 1 or at == last:
            old, new = node(hash, old), node(hash, new)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            new = node(new, hash)
        at, last = at >> 1, last >> 1
    need(last == 0, "the proof is too short")
    return old, new


def check_growth(
    first: int, first_root: bytes, second: int, second_root: bytes, hashes: list[bytes]
) -> None:
    """The tree of `first` lines begins that of `second`."""
    need(0 < first <= second, "a tree can not begin a smaller one")
    if first == second:
        need(first_root == second_root and not hashes, "the two trees are not the same")
        return
    path = [first_root, *hashes] if first & (first - 1) == 0 else hashes
    at, last = first - 1, second - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    need(path, "the proof is empty")
    roots = climbed(path[0], at, last, path[1:])
    need(roots == (first_root, second_root), "the tree did not grow out of the earlier one")


def public_key(key: str) -> bytes:
    """The Ed25519 key in a verifier key: name+id+base64, with \1 before it."""
    name, id, encoded = key.strip().split("+", 2)
    public = b64decode(encoded, validate=True)
    need(public[:1] == b"\1" and key_id(name, public).hex() == id, "this is no verifier key")
    return public


def key_id(name: str, public: bytes) -> bytes:
    """Four bytes that tell keys apart."""
    return sha256(name.encode() + b"\n" + public).digest()[:4]


def signed(note: str, log_id: str, keys: Sequence[str]) -> tuple[int, bytes]:
    """Size and root that a checkpoint stands for, once its signature is checked."""
    text, _, below = note.rpartition("\n\n")
    origin, by = ORIGIN + log_id, 0
    for line in below.splitlines():
        name, _, encoded = line.removeprefix("— ").partition(" ")
        raw = b64decode(encoded, validate=True)
        for public in map(public_key, keys):
            if name == origin and raw[:4] == key_id(name, public):
                key = Ed25519PublicKey.from_public_bytes(public[1:])
                key.verify(raw[4:], (text + "\n").encode())
                by += 1
    need(by, "no signature under the checkpoint is by a known key")
    log, size, root = text.split("\n")[:3]
    need(log == origin, "the checkpoint is of another log")
    return int(size), b64decode(root, validate=True)


def check_proof(proof: dict[str, Any], keys: Sequence[str]) -> None:
    """A proof file: one line in a log, or a log that grew out of an earlier one."""
    need(proof["format"] == "vllm-studio-proof", "this is no proof")
    need(proof["version"] == 1, "this script reads version 1")
    hashes = [b64decode(hash, validate=True) for hash in proof["hashes"]]
    trees = [proof[name] for name in ("tree", "earlier", "later") if name in proof]
    keys = keys or proof["verifier_keys"]
    roots = [b64decode(tree["root"], validate=True) for tree in trees]
    if proof["kind"] == "inclusion":
        line, at, size = proof["line"].encode(), proof["position"] - 1, trees[0]["size"]
        need(json.loads(line)["position"] == at + 1, "the line is of another position")
        need(0 <= at < size, "the line is beyond the tree")
        _, found = climbed(sha256(b"\0" + line).digest(), at, size - 1, hashes)
        need(found == roots[0], "the line does not stand there")
        print(f"position {at + 1} of {size} lines: {proof['line']}")
    else:
        check_growth(trees[0]["size"], roots[0], trees[1]["size"], roots[1], hashes)
        print(f"the first {trees[0]['size']} of {trees[1]['size']} lines are as they were")
    for tree, root in zip(trees, roots, strict=True):
        if tree["checkpoint"] is None:
            print(f"NOT SIGNED: nobody stands for the {tree['size']} lines")
        else:
            told = signed(tree["checkpoint"], proof["log_id"], keys)
            need(told == (tree["size"], root), "the checkpoint is about something else")
            print(f"signed: {tree['size']} lines of the log {proof['log_id']}")


def read(opened: Opener, name: str) -> bytes:
    """The whole of a small file."""
    with opened(name) as file:
        return bytes(file.read())


def check_lines(opened: Opener, log: dict[str, Any], told: list[Any]) -> dict[int, bytes]:
    """Hash every line of a log; the roots at its beginning and end, and where `told` asks for one.

    What the main log says of others is added to `told`.
    """
    peaks, size = [b64decode(peak) for peak in log["before"]], log["first"] - 1
    wanted = {log["signed"], log["last"], *(word["data"]["size"] for word in words_on(log, told))}
    need(len(peaks) == size.bit_count(), "what stands for the lines before is not whole")
    roots = {size: root_of(peaks)}
    with opened(log["file"]) as lines:
        for line in lines:
            need(line[-1:] == b"\n", "the last line is cut off")
            event = json.loads(line)
            need(event["position"] == size + 1, f"there is no line {size + 1} of {log['log']}")
            if size == 0:
                begun = event["type"] == "audit-log-created" and event["data"]["log_id"]
                need(begun == log["log_id"], "it is another log")
            push(peaks, size, line[:-1])
            size += 1
            if size in wanted:
                roots[size] = root_of(peaks)
            if log["log"] == "main" and event["stream"] == "audit":
                told.append(event)
    need(size == log["last"], f"lines of {log['log']} are missing at the end")
    return roots


def words_on(log: dict[str, Any], told: list[Any]) -> list[Any]:
    """Where the main log says that this log took another's place, and that somebody knows it."""
    found = [event for event in told if event["type"] == "audit-replacement-acknowledged"]
    found = [word for word in found if word["data"]["log"] == log["log"] != "main"]
    found = [word for word in found if word["data"]["log_id"] == log["log_id"]]
    return [word for word in found if log["first"] - 1 <= word["data"]["size"] <= log["last"]]


def check_place(
    log: dict[str, Any], roots: dict[int, bytes], told: list[Any], whole: bool, keys: Sequence[str]
) -> None:
    """It is the log that was signed for under its name, or is known to have taken its place."""
    words = words_on(log, told)
    ends: dict[str, tuple[int, bytes]] = {}
    for event in told:
        fact, at = event["data"], event["position"]
        if (
            event["type"] != "audit-checkpointed"
            or fact["log"] != log["log"]
            or log["log"] == "main"
        ):
            continue
        if (old := fact["log_id"]) == log["log_id"]:
            continue
        end = fact["size"], b64decode(fact["root"], validate=True)
        need(signed(fact["note"], old, keys) == end, "a checkpoint is not what was signed")
        if any(word["data"]["previous_log_id"] == old and word["position"] > at for word in words):
            ends[old] = max(ends.get(old, end), end)
        else:
            need(not whole, f"another log stands in the place of {log['log']}, unacknowledged")
            print(f"NOT SHOWN: whether anybody knows that {log['log']} is not the log of before")
    for word in words:
        fact = word["data"]
        end = fact["previous_size"], b64decode(fact["previous_root"], validate=True)
        says = f"{ORIGIN}{fact['log_id']}\n{fact['size']}\n{fact['root']}\nreplaces "
        says += f"{fact['previous_log_id']} {fact['previous_size']} {fact['previous_root']}"
        need(fact["note"].rpartition("\n\n")[0] == says, "a replacement is not what was signed")
        signed(fact["note"], fact["log_id"], keys)
        need(ends.get(fact["previous_log_id"]) == end, "a replacement names another end")
        need(roots[fact["size"]] == b64decode(fact["root"]), "a replacement is of other lines")
        by = f"acknowledged by {word['actor']} at position {word['position']}"
        print(f"replaced: {log['log']} was the log {fact['previous_log_id']} before, {by}")


def check_export(opened: Opener, keys: Sequence[str]) -> None:
    """An export: every line to the root, and the root to the checkpoint."""
    manifest = json.loads(read(opened, "manifest.json"))
    need(manifest["version"] == 1, "this script reads version 1")
    need(manifest["lines"] == "jsonl", "hashes are of the lines of a jsonl export, not of these")
    keys = keys or [key for key in read(opened, "verifier-key.txt").decode().split("\n") if key]
    for name, file in manifest["files"].items():
        with opened(name) as content:
            found = file_digest(content, "sha256").hexdigest()
        need(found == file["sha256"], f"{name} is not what was exported")
    told: list[Any] = []
    whole = False
    for log in sorted(manifest["logs"], key=lambda log: log["log"] != "main"):
        roots = check_lines(opened, log, told)
        size = max(roots)
        need(roots[size] == b64decode(log["root"]), f"lines of {log['log']} were changed")
        print(f"{log['log']}: lines {log['first']} to {size} give the root {log['root']}")
        if log["log"] == "main":
            whole = log["first"] == 1 and log["last"] in (log["size"], log["signed"])
        else:
            check_place(log, roots, told, whole and log["first"] == 1, keys)
        if log["checkpoint"] is None:
            print(f"NOT SIGNED: nobody stands for {log['log']}")
            continue
        note = read(opened, log["checkpoint"]).decode()
        until, root = signed(note, log["log_id"], keys)
        need(until == log["signed"], "the checkpoint is about something else")
        if until in roots:
            need(roots[until] == root, "these are not the lines that were signed for")
        else:
            pair = sorted([(until, root), (size, roots[size])])
            check_growth(*pair[0], *pair[1], [b64decode(hash) for hash in log["proof"]])
        print(f"signed: {until} lines of the log {log['log_id']}")
        if until < size:
            print(f"NOT SIGNED: nobody stands for the lines {until + 1} to {size}")


def opener(path: Path, stack: ExitStack) -> Opener:
    """How to open a file of an export: a folder, a .zip or a .tar."""
    if path.is_dir():
        return lambda name: (path / name).open("rb")
    if zipfile.is_zipfile(path):
        return stack.enter_context(zipfile.ZipFile(path)).open
    return stack.enter_context(tarfile.open(path)).extractfile


def main(path: Path, *keys: str) -> int:
    """Say what holds, or the first thing that does not."""
    try:
        if path.is_file() and path.read_bytes()[:1] == b"{":
            check_proof(json.loads(path.read_bytes()), keys)
        else:
            with ExitStack() as stack:
                check_export(opener(path, stack), keys)
    except InvalidSignature:
        print("DOES NOT HOLD: the signature does not belong to this checkpoint")
        return 1
    except (ValueError, LookupError, TypeError, AttributeError, OSError, tarfile.TarError) as error:
        print(f"DOES NOT HOLD: {error}")
        return 1
    print("All of it holds." + ("" if keys else " The key came with it: compare it."))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:3]))
