"""What can go wrong between a client and an engine.

StudioError
├── NotFound
│   ├── ModelNotFound        no recipe answers to that name             (404 model_not_found)
│   └── UnknownPath          this is no path of ours                    (404 unknown_path)
├── Invalid
│   ├── WrongMethod          the path exists, but not for this verb     (405)
│   ├── BodyTooLarge         more than the proxy takes                  (413)
│   └── Compressed           a body that can not be read as it is       (415)
├── Unavailable
│   ├── TooMany              the model has enough to do already         (429)
│   └── WaitedTooLong        the model or the gateway did not come up   (504)
└── UpstreamLost             the gateway or the engine broke off        (502)
    └── Cut                  somebody here ended it                     (503)
        └── KeyTaken         its key was revoked while it waited        (401)
"""

from core.errors import Invalid, NotFound, StudioError, Unavailable
from core.gateway.cancelling import Reason

ENDED_HERE = {
    "cut": "the request was cut because its model had to make room",
    "cancelled": "the request was cancelled",
    "revoked": "the request was ended because its API key was revoked",
    "stopping": "the request was cut because vLLM Studio is stopping",
}


class ModelNotFound(NotFound):
    """No recipe answers to that name."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The model {name!r} does not exist",
            code="model_not_found",
            next_action="GET /v1/models lists the models there are.",
        )


class UnknownPath(NotFound):
    """This is no path of ours, and nothing is passed on that we do not know."""

    def __init__(self, path: str, *, next_action: str = "") -> None:
        super().__init__(
            f"There is nothing at {path}", code="unknown_path", next_action=next_action
        )


class WrongMethod(Invalid):
    """The path exists, but is asked with another verb."""

    status = 405

    def __init__(self, method: str, path: str, allow: str = "POST") -> None:
        super().__init__(f"{path} is asked with {allow}, not {method}", code="method_not_allowed")
        self.allow = allow


class BodyTooLarge(Invalid):
    """The request is larger than the proxy takes."""

    status = 413

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"The request is larger than {limit // 1_000_000} MB", code="request_too_large"
        )


class Compressed(Invalid):
    """The body is compressed, and its model can not be read."""

    status = 415

    def __init__(self, how: str) -> None:
        super().__init__(
            f"The body is compressed ({how}) and can not be read",
            code="compressed_body",
            next_action="Send it as it is, without the header content-encoding.",
        )


class TooMany(Unavailable):
    """The model has enough to do already."""

    status = 429

    def __init__(self, message: str, *, retry_after: float = 1.0) -> None:
        super().__init__(message, retry_after=retry_after, code="too_many_requests")


class WaitedTooLong(Unavailable):
    """The model or the gateway did not come up within the request's bound."""

    status = 504

    def __init__(self, message: str, *, retry_after: float = 30.0) -> None:
        super().__init__(message, retry_after=retry_after, code="waited_too_long")


class UpstreamLost(StudioError):
    """The gateway or the engine broke off. `unsent`: the request never reached it."""

    status = 502

    def __init__(
        self,
        message: str,
        *,
        code: str = "upstream_lost",
        unsent: bool = False,
        next_action: str = "",
    ) -> None:
        super().__init__(message, code=code, next_action=next_action)
        self.unsent = unsent


class Cut(UpstreamLost):
    """Somebody here ended the request: a forced switch, or a cancel by its id."""

    status = 503


class KeyTaken(Cut):
    """The request's key was revoked before its answer began."""

    status = 401


def ended_here(reason: Reason) -> Cut:
    """What a client is told whose request somebody here ended."""
    kind = KeyTaken if reason == "revoked" else Cut
    return kind(ENDED_HERE[reason], code=reason)
