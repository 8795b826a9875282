"""Why a server does not work, in plain words, and what would help."""

import re

from core.errors import StudioError

_LINES = (  # what a server's last words mean; the first that fits wins
    (r"command not found|No such file or directory", "Check its command and arguments."),
    (r"ERR_MODULE_NOT_FOUND|Cannot find module|ModuleNotFoundError|No module named",
     "Something that it needs is not installed: install it, or start it with npx or uvx."),
    (r"npm (ERR!|error) (code )?E404|404 Not Found.*registry|No solution found",
     "The package has another name, or is not in the registry: check the arguments."),
    (r"ENOTFOUND|EAI_AGAIN|Could not resolve|getaddrinfo|Network is unreachable|ECONNREFUSED",
     "It could not reach the network. Check the connection and the proxy."),
    (r"[Aa]pi.?key|API_KEY|[Uu]nauthorized|\b401\b|[Aa]uthentication",
     "It wants a key: give it in env, under the name that its manual says."),
    (r"environment variable|is required|[Mm]issing required|[Uu]sage:",
     "It wants to be told more: read its last lines in the log, and its manual."),
    (r"EACCES|[Pp]ermission denied", "It may not do what it wants: check who owns the file."),
)  # fmt: skip
# What npm says beside the matter, and where it has written everything once more
_NOISE = re.compile(r"npm (notice|warn|WARN)\b|npm (ERR!|error) A complete log")
_HTTP = {
    401: ("it wants to know who asks (status 401)", "Give the key as a header."),
    403: ("it does not let us in (status 403)", "Check the key in its headers."),
    404: ("nothing answers at this address (status 404)", "Check the url: often it ends in /mcp."),
    405: ("this address does not speak MCP (status 405)", "Check the url: often it ends in /mcp."),
    429: ("it is asked too often (status 429)", "Wait a while."),
}

NEEDS_SIGN_IN = "needs-sign-in"  # a failure's code, and a state


class McpFailure(StudioError):
    """A server could not be started, or reached, or is gone."""

    status = 502


class NotMade(McpFailure):
    """A call that certainly did not happen: refused for who asks, or never sent."""


def ended(code: int | None, lines: tuple[str, ...], *, ready: bool) -> McpFailure:
    """Its program is gone. The last line it wrote is often the reason."""
    how, last = _how(code), _telling(lines)
    if ready:
        said = f"its program ended ({how}): {last:.300}" if last else f"its program ended ({how})"
    elif last:
        said = f"its program ended before it answered ({how}): {last:.300}"
    else:
        said = f"its program ended before it answered ({how})"
    return McpFailure(said, code="ended", next_action=_advice(lines))


def _telling(lines: tuple[str, ...]) -> str:
    """The last line that says something; noise where there is nothing else."""
    spoken = [line for line in lines if line.strip()]
    telling = [line for line in spoken if not _NOISE.match(line.strip())]
    return (telling or spoken or [""])[-1]


def not_started(problem: OSError, command: str) -> McpFailure:
    """The system refused."""
    return McpFailure(
        f"{command} could not be started: {problem.strerror or problem}",
        code="not-started",
        next_action="Check the command, and that it may be executed.",
    )


def too_slow(seconds: float, lines: tuple[str, ...]) -> McpFailure:
    """It runs, or is downloaded, but does not answer."""
    return McpFailure(
        f"it did not answer within {seconds:.0f} s",
        code="silent",
        next_action=_advice(lines, "Is it an MCP server? Its log shows what it wrote."),
    )


def silent(seconds: float) -> McpFailure:
    """It was ready once."""
    return McpFailure(
        f"it gave no sign of life for {seconds:.0f} s",
        code="silent",
        next_action="It is started again by itself.",
    )


def lost() -> McpFailure:
    """The connection is gone, its program perhaps not."""
    return McpFailure(
        "the connection to it broke", code="lost", next_action="It is tried again by itself."
    )


def unreachable(status: int | None, why: str) -> McpFailure:
    """A server at a URL."""
    if status is not None and status >= 400:
        said, advice = _HTTP.get(
            status,
            (f"it answered with an error (status {status})", "Look at the server's own log."),
        )
        return McpFailure(said, code=f"http-{status}", next_action=advice)
    return McpFailure(
        f"it could not be reached: {why:.300}",
        code="unreachable",
        next_action="Is it running, and is the url right?",
    )


def needs_sign_in(
    why: str = "it wants to know who asks (status 401)",
    advice: str = "Sign in, or give its key as a header.",
) -> McpFailure:
    """A person has to say there who asks."""
    return McpFailure(why, code=NEEDS_SIGN_IN, next_action=advice)


def sign_in_is_over(why: str) -> McpFailure:
    """It was signed in to, and that holds no more."""
    return needs_sign_in(why, "Sign in again.")


def not_renewed(why: str) -> McpFailure:
    """Who gave the tokens can not be asked now; they may still be good."""
    return McpFailure(
        f"its sign-in could not be renewed: {why:.300}",
        code="not-renewed",
        next_action="Check the connection and the proxy.",
    )


def not_made(failure: McpFailure) -> NotMade:
    """It failed so before anything of a call got through."""
    return NotMade(failure.message, code=failure.code, next_action=failure.next_action)


def refused(words: str) -> McpFailure:
    """It answered the greeting with an error."""
    return McpFailure(
        f"it does not want to talk to us: {words:.300}",
        code="refused",
        next_action="Is it an MCP server of a version that this studio knows? Look at its log.",
    )


def _how(code: int | None) -> str:
    if code is None:
        return "nobody knows how"
    return f"signal {-code}" if code < 0 else f"status {code}"


def _advice(lines: tuple[str, ...], otherwise: str = "Its log shows what it wrote.") -> str:
    text = "\n".join(lines[-20:])
    return next((advice for pattern, advice in _LINES if re.search(pattern, text)), otherwise)
