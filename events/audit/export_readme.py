"""The words that go with an export, for somebody who has nothing of ours and knows none of it."""

from collections.abc import Sequence

from events.audit.manifest import ExportedLog, Lines

_HEAD = """\
This is an export of the log of vLLM Studio: what happened, event by event, as it was recorded.
Nobody can change a line of it, take one away or put one in without the sums below coming out
differently. You can check that with tools that every system has.


WHAT IS HERE

{table}

manifest.json holds, for each log, its identity, the first and the last position that are here,
and the root: one hash that stands for all lines of the log from the first on. It also holds the
size and the SHA-256 of every file.
verifier-key.txt holds the public keys that may have signed.
{tools}
Each line is one event: its position in the log, its id, its stream and its version there, its
type, the schema of its data, when it was recorded (microseconds since 1970, UTC), who asked for
it, and the event itself. What people wrote in conversations is encrypted. Where a conversation
was erased, its key is destroyed, and nobody can read it any more. Secrets and API keys are in no
export.


HOW TO CHECK IT

1. The files are whole: compare `sha256sum FILE` with manifest.json.

2. One line, here the fifth. Its hash (in the words of RFC 6962: its leaf hash) is

       (printf '\\0'; sed -n 5p {file} | tr -d '\\n') | sha256sum
{leaves}
3. All lines. Two hashes next to each other are hashed together, `\\1` before them, the results
   again, and so on, until one hash is left: the root (RFC 6962, section 2.1). It is the one in
   manifest.json and, in base64, the third line of the checkpoint.
{ranges}
4. The signature. {signed}A checkpoint is a signed note (https://c2sp.org/signed-note and
   https://c2sp.org/tlog-checkpoint): the log's name, its size, its root, an empty line, and an
   Ed25519 signature of what stands above the empty line. The key in verifier-key.txt came with
   this export, so compare it with one that you got another way: whoever has the private key could
   have written another history and signed that. If you kept an older checkpoint, better still:
   the older tree must be the beginning of this one.

With vLLM Studio at hand, `vllm-studio audit check THIS` does all of it, and
`vllm-studio audit import THIS` makes the same log of it on another machine.
"""

_RANGES = """
   This export begins in the middle of a log. In manifest.json, `before` holds the roots of the
   largest whole subtrees over the lines that are not here, biggest first; begin with those.
"""

_PROOF = """
   Where the checkpoint signs for more or for fewer lines than end here, `proof` in manifest.json
   is the consistency proof between the two (RFC 9162, section 2.1.4.2).
"""

_LEAVES = """
   Here the lines are CloudEvents 1.0, one a line, and their hash is not that of the line in the
   log. It stands in each as `leaf`. The line of the log is the JSON object of position, id,
   stream, version, type, schema, recorded_at, actor, correlation_id, causation_id and data, in
   this order and without blanks.
"""

_TOOL = {
    "jsonl": "needs Python 3.11 and its package cryptography; it says how to use it",
    "cloudevents": "checks proofs, and exports whose lines are the log's own, not CloudEvents",
}


def text(logs: Sequence[ExportedLog], lines: Lines, tools: Sequence[str]) -> str:
    """The README of one export."""
    rows = [
        f"{log.file:<32} {log.log}, {positions(log.first, log.last)} of {log.size}" for log in logs
    ]
    rows += [f"{log.checkpoint:<32} {_signature(log)}" for log in logs if log.checkpoint]
    ranges = _RANGES if any(log.first > 1 for log in logs) else ""
    return _HEAD.format(
        table="\n".join(rows),
        tools="".join(f"{tool} {_TOOL[lines]}.\n" for tool in tools),
        file=logs[0].file if logs else "log.jsonl",
        leaves=_LEAVES if lines == "cloudevents" else "",
        ranges=ranges + (_PROOF if any(log.proof for log in logs) else ""),
        signed="" if any(log.checkpoint for log in logs) else "Nobody has signed for this log. ",
    )


def _signature(log: ExportedLog) -> str:
    if not log.signed:
        return "a checkpoint that could not be read"
    rest = log.last - log.signed
    told = f"the signature for the first {counted(log.signed)}"
    return f"{told}; nobody has signed for the last {counted(rest)}" if rest > 0 else told


def counted(lines: int) -> str:
    """So many lines, in words that agree."""
    return f"{lines:,} lines" if lines != 1 else "line"


def positions(first: int, last: int) -> str:
    """From one to another."""
    return f"position {first}" if first == last else f"positions {first} to {last}"
