"""What people see comes from the catalogues: no component says a word of its own.

Looks at the templates of components: text between tags, and the attributes that are read out or
shown. Names, units and signs stand in `ALIKE`, because they are the same in every language.
"""

import re
from html import unescape
from pathlib import Path

import pytest

from tests.webui.catalogues import ROOT

SOURCES = ROOT / "webui" / "src"
COMPONENTS = sorted(SOURCES.rglob("*.svelte"))

# The same in every language: products, units, file formats and commands.
ALIKE = frozenset(
    (
        *("vLLM", "Studio", "SGLang", "LiteLLM", "OpenAI", "PostgreSQL", "Redis", "Python", "curl"),
        *(
            "API",
            "CPU",
            "GPU",
            "GPUs",
            "RAM",
            "KiB",
            "MiB",
            "GiB",
            "kWh",
            "ms",
            "tok",
            "p50",
            "p95",
            "p99",
        ),
        *("CSV", "JSON", "JSONL", "TOML", "YAML", "Alt", "Ctrl", "Enter", "Esc", "Shift", "Tab"),
    )
)
CODE = re.compile(r"vllm-studio .*|\w+ = \S+")  # a command, or a line of a file
SHOWN = ("alt", "aria-description", "aria-label", "aria-roledescription", "placeholder", "title")
_WORD = re.compile(r"[^\W\d_][\w-]+")


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda path: path.stem)
def test_a_component_has_no_words_of_its_own(component: Path) -> None:
    """Every text goes through t(), told() or sentence()."""
    told = list(visible(component.read_text(encoding="utf-8")))
    assert told == [], (
        f"{component.relative_to(ROOT)} says {told}: put it into webui/src/lib/i18n, in every"
        " language, and take it from there with t()"
    )


def test_words_in_a_template_are_found() -> None:
    """The test itself sees text, attributes, and literals within an expression."""
    source = (
        '<script lang="ts">const a = "not shown"</script>\n<p title="Two words">Hello {name}</p>'
        "{#if open && kind === 'window'}<b>{wrong ? 'It broke' : t('key.of')}</b>{/if}"
        '<input placeholder="{count} left" aria-label={t("some.key")} class="no words" />'
        "<style>p { color: red }</style>"
    )
    assert set(visible(source)) == {"Two words", "Hello", "It broke", "left"}


def visible(source: str) -> list[str]:
    """The words of a component's template that come from no catalogue."""
    template = re.sub(r"<(script|style)\b.*?</\1>|<!--.*?-->", "", source, flags=re.DOTALL)
    found: list[str] = []
    text = ""
    at = 0
    while at < len(template):
        if template[at] == "<" and re.match(r"</?[A-Za-z]", template[at:]):
            found += _foreign(text)
            text = ""
            at, attributes = _tag(template, at)
            found += attributes
        elif template[at] == "{":
            end = _brace(template, at)
            found += _literals(template[at + 1 : end])
            text += " "
            at = end + 1
        else:
            text += template[at]
            at += 1
    return found + _foreign(text)


def _tag(template: str, at: int) -> tuple[int, list[str]]:
    """Where a tag ends, and what its shown attributes say."""
    found: list[str] = []
    end = at + 1
    while template[end] != ">":
        if template[end] == "{":
            end = _brace(template, end) + 1
        elif template[end] in "\"'":
            close = _quote(template, end)
            name = re.search(r"([\w:-]+)=$", template[at:end])
            if name and name[1] in SHOWN:
                found += _of_attribute(template[end + 1 : close])
            end = close + 1
        else:
            end += 1
    shown = "|".join(SHOWN)
    for match in re.finditer(rf"\s(?:{shown})=\{{", template[at:end]):
        begin = at + match.end() - 1
        found += _literals(template[begin + 1 : _brace(template, begin)])
    return end + 1, found


def _of_attribute(value: str) -> list[str]:
    found: list[str] = []
    plain, at = "", 0
    while at < len(value):
        if value[at] == "{":
            end = _brace(value, at)
            found += _literals(value[at + 1 : end])
            plain, at = plain + " ", end + 1
        else:
            plain, at = plain + value[at], at + 1
    return found + _foreign(plain)


def _quote(text: str, at: int) -> int:
    """The end of a quoted attribute, whose braces may hold quotes."""
    end = at + 1
    while text[end] != text[at]:
        end = _brace(text, end) + 1 if text[end] == "{" else end + 1
    return end


def _brace(text: str, at: int) -> int:
    """The brace that closes the one at `at`."""
    depth, end = 0, at
    while end < len(text):
        if text[end] in "\"'`":
            close = text[end]
            end += 1
            while text[end] != close:
                end += 2 if text[end] == "\\" else 1
        elif text[end] == "{":
            depth += 1
        elif text[end] == "}":
            depth -= 1
            if depth == 0:
                return end
        end += 1
    raise AssertionError("a brace that nothing closes")


def _literals(expression: str) -> list[str]:
    """Texts in an expression that may be shown: a word alone may be a name of the code."""
    if expression.startswith(("#", ":", "/", "@const", "@attach", "@render")):
        return []
    texts = re.findall(r"'((?:\\.|[^'\\])*)'|\"((?:\\.|[^\"\\])*)\"", expression)
    return [text for pair in texts for text in _foreign("".join(pair)) if " " in text.strip()]


def _foreign(text: str) -> list[str]:
    """The text, if there is a word in it that is not the same everywhere."""
    told = " ".join(unescape(text).split())
    if CODE.fullmatch(told):
        return []
    return [told] if any(word not in ALIKE for word in _WORD.findall(told)) else []
