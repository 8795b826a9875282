"""What can go wrong between a person's terminal and the running app.

StudioError
├── NotRunning      there is no app to ask                         exit code 3
└── AppRefused      the app answered with a problem document       exit code 1
"""

from collections.abc import Mapping
from typing import Any

from core.errors import StudioError

HOW_TO_START = "start it with `vllm-studio serve`, or `vllm-studio` for the tray and the window"


class NotRunning(StudioError):
    """No app answers for this data directory."""

    status = 503

    def __init__(self, message: str = "vLLM Studio is not running") -> None:
        super().__init__(message, code="not-running", next_action=HOW_TO_START)


class AppRefused(StudioError):
    """The app's own refusal, with its problem document kept whole."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        message = problem.get("detail") or problem.get("title") or f"the app answered {status}"
        super().__init__(
            str(message),
            code=str(problem.get("code", "refused")),
            next_action=str(problem.get("next_action") or ""),
        )
        self.status = status
        self.problem = dict(problem)


def problem_of(error: StudioError) -> dict[str, Any]:
    """The RFC 9457 object for `--json`: the app's own where it gave one."""
    if isinstance(error, AppRefused):
        return error.problem
    problem: dict[str, Any] = {
        "type": "about:blank",
        "title": type(error).__name__,
        "status": error.status,
        "detail": error.message,
        "code": error.code,
        "next_action": error.next_action,
    }
    for name in ("field", "retry_after", "lines"):
        if value := getattr(error, name, None):
            problem[name] = value
    return problem
