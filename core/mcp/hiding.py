"""Secrets that people write into arguments and addresses are taken out of them. Pure.

    --api-key sk-12345               ► --api-key ${API_KEY}
    -e API_KEY=sk-12345              ► -e API_KEY=${API_KEY}
    https://host/mcp?token=abcdef    ► https://host/mcp?token=${token}
    https://host/s/NzYhNGQ4Zi1i/mcp  ► https://host/s/${URL_KEY}/mcp
    postgresql://me:secret@host/d    ► postgresql://me:${PASSWORD}@host/d
    git+https://NzYhNGQ4Zi1i@host/r  ► git+https://${URL_KEY}@host/r
    sh -c 'API_KEY=abcdef server'    ► sh -c 'API_KEY=${API_KEY} server'
    {"apiKey": "abcdef"}             ► {"apiKey": "${APIKEY}"}

What is taken out becomes a value of the server's environment, and is kept as those are: the log,
the list of servers and the fingerprint only ever see the place.
"""

import re
from itertools import pairwise
from urllib.parse import urlsplit, urlunsplit

from core.masking import SHORTEST, holds_secret
from core.mcp.server import PLACE
from core.mcp.tokens import is_drawn

_SECRET = re.compile(r"key|token|secret|passw|credential|auth|bearer", re.IGNORECASE)
_OPTION = re.compile(r"(--?[A-Za-z][\w.-]*)=(.+)", re.DOTALL)
_VARIABLE = re.compile(r"([A-Za-z_][\w.-]*)=([^\s;&|<>$`()]+)")  # nothing that a shell carries out
_HEADER = re.compile(r"([A-Za-z][\w-]*)(\s*:\s*)((?:Bearer|Basic|Token)\s+)?(\S.*)", re.IGNORECASE)
_ADDRESS = re.compile(r"(?<!git\+)(?:http|ws)s?://[^\s\"'<>|;]+", re.IGNORECASE)
_PASSWORD = re.compile(r"(://[^/\s:@?#]*:)([^/\s@?#]+)@(?!sha256:)")
_USER = re.compile(r"(://)([^/\s:@?#]+)(?=(?::[^/\s@?#]*)?@)")
# What stands in a text for a shell: a value in quotes, or a word; nothing that is carried out
_WORD = r"(\"[^\"$`]+\"|'[^'$]+'|[^\s;&|<>$`()\"']+)"
_ASSIGNED = re.compile(rf"(?<![^\s;&|(])([A-Za-z_]\w*)(=){_WORD}")
_GIVEN = re.compile(rf"(?<![^\s;&|(])(--?[A-Za-z][\w-]*)(=|[ \t]+)(?!-){_WORD}")
_QUOTED = re.compile(r"(?<=\")[^\"$`]+(?=\")|(?<=')[^'$]+(?=')")
# A setting in JSON; its value as it is written there, so that it can be put back
_SETTING = re.compile(r'("([A-Za-z][\w.-]*)"\s*:\s*")((?:[^"\\]|\\.)+)(?=")')
_SAYS_KEY = re.compile(r"(api|access|auth)?[-_]?(key|token|secret)", re.IGNORECASE)
IN_PATH = "URL_KEY"  # the name of what has none


class Taken:
    """Values that were taken out, by name; `taken` are names that mean something else already."""

    def __init__(self, taken: set[str]) -> None:
        self.values: dict[str, str] = {}
        self._taken = set(taken)

    def out(self, name: str, value: str) -> str:
        """The place that stands for it from now on."""
        if PLACE.fullmatch(value) or len(value) < SHORTEST:
            return value
        for known, kept in self.values.items():
            if kept == value:
                return f"${{{known}}}"
        free = plain = re.sub(r"\W", "_", name.lstrip("-"), flags=re.ASCII).lstrip("0123456789")
        number = 2
        while not free or free in self._taken:
            free, number = f"{plain or 'SECRET'}_{number}", number + 1
        self._taken.add(free)
        self.values[free] = value
        return f"${{{free}}}"


def args_without(args: tuple[str, ...], taken: Taken) -> tuple[str, ...]:
    """The arguments, with places where secrets stood."""
    found: list[str] = []
    option = ""  # the one before, where it wants a secret
    for arg in args:
        if option and not arg.startswith("-"):
            found.append(_header(arg, taken) or taken.out(_variable(option), arg))
            option = ""
            continue
        option = arg if arg.startswith("-") and "=" not in arg and _SECRET.search(arg) else ""
        found.append(_argument(arg, taken))
    return tuple(found)


def url_without(url: str, taken: Taken) -> str:
    """The address, with places where secrets stood before its host, in its path, after the '?'."""
    url = _without_person(url, taken)
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    before = ["", *parts.path.split("/")]
    path = "/".join(_segment(one, last, taken) for last, one in pairwise(before))
    query = "&".join(_pair(one, taken) for one in parts.query.split("&"))
    if (path, query) == (parts.path, parts.query):
        return url
    return urlunsplit(parts._replace(path=path, query=query))


def _segment(segment: str, last: str, taken: Taken) -> str:
    """One step of a path; `last` is the one before."""
    if PLACE.search(segment):
        return segment
    name, sign, value = segment.partition("=")
    if sign and _SECRET.search(name):
        return f"{name}={taken.out(name, value)}"
    told = _SAYS_KEY.fullmatch(last) and any(sign.isdigit() for sign in segment)
    return taken.out(IN_PATH, segment) if told or is_drawn(segment) else segment


def _pair(pair: str, taken: Taken) -> str:
    """One setting after the '?'. What is kept is as it stood there, so that it can be put back."""
    name, sign, value = pair.partition("=")
    if not sign:
        return taken.out(IN_PATH, pair) if is_drawn(pair) else pair
    if _SECRET.search(name) or is_drawn(value):
        return f"{name}={taken.out(name, value)}"
    return pair


def _argument(arg: str, taken: Taken) -> str:
    option = _OPTION.fullmatch(arg)
    if option is None:
        return _value(arg, taken)
    if _SECRET.search(option[1]):
        return f"{option[1]}={taken.out(_variable(option[1]), option[2])}"
    return f"{option[1]}={_value(option[2], taken)}"


def _value(text: str, taken: Taken) -> str:
    if (variable := _VARIABLE.fullmatch(text)) and _SECRET.search(variable[1]):
        return f"{variable[1]}={taken.out(_variable(variable[1]), variable[2])}"
    if '"' in text:
        text = _SETTING.sub(lambda one: one[1] + _named(one[2], one[3], taken), text)
    if any(sign.isspace() for sign in text):
        text = _of_shell(text, taken)
    if "://" in text:
        return _addresses(text, taken)
    if header := _header(text, taken):
        return header
    return taken.out("SECRET", text) if holds_secret(text) else text


def _of_shell(text: str, taken: Taken) -> str:
    """Words of a command line that stands in one argument: variables, options, headers."""

    def word(one: re.Match[str]) -> str:
        quote = one[3][0] if one[3][0] in "\"'" else ""
        value = _named(one[1], one[3].strip(quote) if quote else one[3], taken)
        return f"{one[1]}{one[2]}{quote}{value}{quote}"

    text = _QUOTED.sub(lambda one: _header(one[0], taken) or one[0], text)
    return _GIVEN.sub(word, _ASSIGNED.sub(word, text))


def _named(name: str, value: str, taken: Taken) -> str:
    """The value of something with a name, or its place where the name says that it is secret."""
    if not _SECRET.search(name) or PLACE.search(value):
        return value
    return taken.out(_variable(name), value)


def _addresses(text: str, taken: Taken) -> str:
    """Every address in it: of a database the password, of a service all of the above."""
    return _ADDRESS.sub(lambda one: url_without(one[0], taken), _without_person(text, taken))


def _without_person(text: str, taken: Taken) -> str:
    """Who asks, before the host of an address: the password, and a name that is a key itself."""
    clean = _PASSWORD.sub(lambda one: f"{one[1]}{taken.out('PASSWORD', one[2])}@", text)
    return _USER.sub(
        lambda one: one[1] + (taken.out(IN_PATH, one[2]) if is_drawn(one[2]) else one[2]), clean
    )


def _header(arg: str, taken: Taken) -> str:
    header = _HEADER.fullmatch(arg)
    if header is None or not _SECRET.search(header[1]) or "://" in arg:
        return ""
    return f"{header[1]}{header[2]}{header[3] or ''}{taken.out(_variable(header[1]), header[4])}"


def _variable(option: str) -> str:
    return option.lstrip("-").replace("-", "_").replace(".", "_").upper()
