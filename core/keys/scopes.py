"""What a key's scopes open: asked by the guard, before routing. Pure.

| Scope | What it opens |
|---|---|
| `inference` | `/v1` |
| `manage` | `/api`, `/metrics` and `/schema`, but not what is the owner's alone |
| `audit` | reading what happened and what was used, and having it verified; no writes, no `/v1` |

The owner's alone: keys, captured bodies, conversations, changing settings, quitting, opening
the window.
"""

from collections.abc import Collection

from core.errors import NotAllowed

READING = ("GET", "HEAD")
AUDITED = (
    "/api/status",
    "/api/events",
    "/api/timeline",
    "/api/state",
    "/api/requests",
    "/api/usage",
    "/api/audit",
)
VERIFYING = ("/api/audit/verify",)  # looks, and says what it found
OWNERS = ("/api/keys", "/api/captures", "/api/conversations", "/api/quit", "/api/focus")
OWNERS_TO_CHANGE = ("/api/settings",)
NO_INFERENCE = "this key lacks the scope `inference`: no /v1"


def refused(scopes: Collection[str], method: str, path: str) -> str | None:
    """Why a key with these scopes may not come in here, as a sentence; None: it may."""
    if path.startswith("/v1"):
        return None if "inference" in scopes else NO_INFERENCE
    if "manage" in scopes:
        return _refused_manager(method, path)
    if "audit" in scopes:
        return _refused_auditor(method, path)
    return "this key opens /v1 only: it has neither the scope `manage` nor `audit`"


def demand_inference(scopes: Collection[str]) -> None:
    """Raise NotAllowed unless a key with these scopes may ask models."""
    if "inference" not in scopes:
        raise NotAllowed(NO_INFERENCE, code="key_not_allowed")


def _refused_manager(method: str, path: str) -> str | None:
    changes = method not in READING
    if _under(path, OWNERS) or (changes and _under(path, OWNERS_TO_CHANGE)):
        return "only the owner of this machine may do this, not a key with the scope `manage`"
    return None


def _refused_auditor(method: str, path: str) -> str | None:
    if method not in READING and path not in VERIFYING:
        return "this key may read and nothing else: it has the scope `audit`, not `manage`"
    if not _under(path, AUDITED):
        return f"the scope `audit` opens {', '.join(AUDITED)}, and not {path}"
    return None


def _under(path: str, roots: tuple[str, ...]) -> bool:
    return any(path == root or path.startswith(root + "/") for root in roots)
