"""The paths that are passed on, and nothing else: an engine's admin paths are not among them.

An allow-list, because what vLLM, SGLang and LiteLLM offer besides (`/sleep`, `/collective_rpc`,
`/v1/load_lora_adapter`, `/model/new`, …) grows with every release of theirs.
"""

from collections.abc import Mapping

import msgspec

from core.gateway.dialects import Dialect
from core.gateway.errors import UnknownPath


class PathRule(msgspec.Struct, frozen=True, kw_only=True):
    """How a path is treated."""

    dialect: Dialect = "openai"
    multipart: bool = False  # the body is a form with a file, not JSON
    needs: str = ""  # the field without which no model could answer
    alien: str = ""  # a field of another path, beside which nobody knows what is meant
    last: tuple[bytes, ...] = ()  # how a line of a stream's final event begins
    direct_only: bool = False  # LiteLLM has no such path: engines that speak it, or nobody


ALLOWED: Mapping[bytes, PathRule] = {
    b"/v1/chat/completions": PathRule(needs="messages", last=(b"data: [DONE]", b"data:[DONE]")),
    b"/v1/completions": PathRule(
        needs="prompt", alien="messages", last=(b"data: [DONE]", b"data:[DONE]")
    ),
    b"/v1/embeddings": PathRule(
        needs="input",
    ),
    b"/v1/rerank": PathRule(needs="documents"),
    b"/v1/score": PathRule(direct_only=True),
    b"/v1/tokenize": PathRule(direct_only=True),
    b"/v1/detokenize": PathRule(direct_only=True),
    b"/v1/audio/speech": PathRule(),
    b"/v1/audio/transcriptions": PathRule(multipart=True),
    b"/v1/audio/translations": PathRule(multipart=True, direct_only=True),
    b"/v1/responses": PathRule(dialect="responses"),
    b"/v1/messages": PathRule(
        needs="messages", dialect="anthropic", last=(b"event: message_stop",)
    ),
    b"/v1/messages/count_tokens": PathRule(dialect="anthropic"),
}


BELOW_V1 = ", ".join(
    sorted(path.removeprefix(b"/v1/").decode() for path in (*ALLOWED, b"/v1/models"))
)
"""What there is, for who asks for something else."""


def meant(path: bytes) -> bytes | None:
    """The path that was probably wanted: one with a slash too many, `/v1` twice, or none."""
    asked = b"/" + b"/".join(part for part in path.split(b"/") if part)
    found = [known for known in (*ALLOWED, b"/v1/models") if asked.endswith(known[len(b"/v1") :])]
    best = max(found, key=len, default=None)
    return None if best == path else best


def nothing_at(path: bytes) -> UnknownPath:
    """The refusal of a path that is none of ours, with what helps."""
    told = path.decode("utf-8", "replace")
    nearest = meant(path)
    if nearest is not None:
        return UnknownPath(told, next_action=f"Ask {nearest.decode()}.")
    if path.startswith(b"/v1/responses/"):
        return UnknownPath(
            told,
            next_action="Responses are not kept here: all there is of one is in its answer."
            " /v1/tokenize counts tokens.",
        )
    return UnknownPath(told, next_action=f"Below /v1 there are {BELOW_V1}.")


def path_of(scope: Mapping[str, object]) -> bytes:
    """The path as the client spelled it. Mounts rewrite `path`, so `raw_path` comes first."""
    raw = scope.get("raw_path")
    if isinstance(raw, bytes) and raw:
        return raw.partition(b"?")[0]
    return str(scope["path"]).encode()


def dialect_of(path: bytes) -> Dialect:
    """How errors are told at this path, known or not."""
    rule = ALLOWED.get(path) or ALLOWED.get(meant(path) or b"")
    if rule is not None:
        return rule.dialect
    return "anthropic" if path.startswith(b"/v1/messages") else "openai"
