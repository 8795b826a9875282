"""Everything that can go wrong on purpose.

StudioError                  a sentence for the person who asked
├── Refused                  the command makes sense, but not now or not here   (409)
├── NotFound                 it names something that does not exist             (404)
├── Invalid                  it is malformed; `field` says where                (400)
├── NotAllowed               the asker may not do this                          (403)
├── Unavailable              try again later; `retry_after` seconds             (503)
└── EngineFailure            an engine could not start or died                  (502)

Each is raised near its cause and translated once, at the edge: RFC 9457 problem details under
`/api`, the client's own error dialect under `/v1`, a sentence and an exit code in the terminal.
"""

from collections.abc import Mapping


class StudioError(Exception):
    """Base of all refusals. `code` is stable and for programs, the message is for people."""

    status = 500

    def __init__(self, message: str, *, code: str = "studio-error", next_action: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.next_action = next_action


class Refused(StudioError):
    """The command makes sense, but not now or not here."""

    status = 409


class NotFound(StudioError):
    """The command names something that does not exist."""

    status = 404


class Invalid(StudioError):
    """The input is malformed."""

    status = 400

    def __init__(
        self,
        message: str,
        *,
        field: str | None = None,
        code: str = "invalid",
        next_action: str = "",
    ) -> None:
        super().__init__(message, code=code, next_action=next_action)
        self.field = field


class NotAllowed(StudioError):
    """The asker may not do this."""

    status = 403


class Unavailable(StudioError):
    """It can not be served now, but perhaps later; `lines` are a tool's own words about it."""

    status = 503

    def __init__(
        self,
        message: str,
        *,
        retry_after: float = 5.0,
        code: str = "unavailable",
        next_action: str = "",
        lines: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message, code=code, next_action=next_action)
        self.retry_after = retry_after
        self.lines = lines


class EngineFailure(StudioError):
    """An engine could not be started, or died; `lines` are the decisive lines of its log."""

    status = 502

    def __init__(
        self,
        message: str,
        *,
        code: str = "unknown",
        next_action: str = "",
        exit_code: int | None = None,
        lines: tuple[str, ...] = (),
        remedy: Mapping[str, bool | int | str | None] | None = None,
    ) -> None:
        """`remedy`: the change of the recipe that would mend it, ready to be sent as a patch."""
        super().__init__(message, code=code, next_action=next_action)
        self.exit_code = exit_code
        self.lines = lines
        self.remedy = dict(remedy or {})
