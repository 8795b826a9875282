"""What a key's holder can run into.

StudioError
├── NotAllowed
│   └── ModelForbidden       the key may not ask this model             (403 model_not_allowed)
└── Unavailable
    └── RateLimited          a limit of the key is reached              (429 rate_limit_exceeded)
        └── BudgetSpent      its money is spent until the next period   (429 insufficient_quota)
"""

import math

from core.errors import NotAllowed, Unavailable

Header = tuple[bytes, bytes]


class ModelForbidden(NotAllowed):
    """The key may not ask this model."""

    def __init__(self, key: str, model: str) -> None:
        super().__init__(
            f"The key {key!r} may not use the model {model!r}",
            code="model_not_allowed",
            next_action="ask for one of its models, or have the owner of this machine allow it",
        )
        self.field = "model"


class RateLimited(Unavailable):
    """A limit of the key is reached; `headers` tell how far it is, `retry_after` how long."""

    status = 429

    def __init__(
        self,
        message: str,
        *,
        limit: str,
        retry_after: float,
        headers: tuple[Header, ...] = (),
        code: str = "rate_limit_exceeded",
        next_action: str = "",
    ) -> None:
        super().__init__(message, retry_after=retry_after, code=code, next_action=next_action)
        self.limit = limit
        in_ms = str(max(1, math.ceil(retry_after * 1000))).encode()  # what OpenAI's clients prefer
        self.headers = (*headers, (b"retry-after-ms", in_ms))


class BudgetSpent(RateLimited):
    """Its money is spent; trying again before the next day or month is in vain."""

    def __init__(
        self, message: str, *, limit: str, retry_after: float, headers: tuple[Header, ...] = ()
    ) -> None:
        super().__init__(
            message,
            limit=limit,
            retry_after=retry_after,
            headers=(*headers, (b"x-should-retry", b"false")),  # OpenAI's clients obey it
            code="insufficient_quota",
            next_action="the owner of this machine can raise the key's budget",
        )
