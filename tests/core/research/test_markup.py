"""What a model or a page says is shown in Markdown as words, and as nothing else."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.research.markup import in_markdown, plain

SIGNS = st.lists(
    st.one_of(
        st.sampled_from(["`", "```", "$", "~~~", "\\", "&#91;1&#93;", "[1]", "](", "a", " ", "5"]),
        st.text(max_size=4),
    ),
    max_size=12,
).map("".join)
CODE = re.compile(r"`[^`]+`(?!`)")
FORMULA = re.compile(r"\$[^\s$](?:[^$]*[^\s$\\])?\$(?![\d$])|\\\((?:(?!\\\)).)+\\\)")


def left_open(told: str) -> bool:
    """Whether code, a formula or a line through begins in it that does not end in it."""
    at = 0
    while at < len(told):
        whole = CODE.match(told, at) or FORMULA.match(told, at)
        if whole is not None:
            at = whole.end()
        elif told[at] in "`$~" or told.startswith("\\(", at):
            return True
        else:
            at += 2 if told[at] == "\\" else 1
    return False


@given(SIGNS)
@settings(max_examples=500, deadline=None)
def test_nothing_that_begins_in_a_sentence_goes_on_after_it(said: str) -> None:
    """Code, formula, a line through: else the citations after it would be part of it."""
    told = in_markdown(plain(said))
    assert not left_open(told)
    assert "\n" not in told


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("It costs $5 and A$6.", r"It costs \$5 and A\$6."),
        ("Run `pip install a_b` now.", "Run `pip install a_b` now."),
        ("A lone ` tick.", r"A lone \` tick."),
        ("```python then [2] all", r"\`\`\`python then all"),
        ("With $x^2$ and \\(y_1\\).", r"With $x^2$ and \(y_1\)."),
        ("With $\\href{javascript:x}{y}$.", r"With \$\\href{javascript:x}{y}\$."),
        ("See https://evil.example/a now.", r"See https:\//evil.example/a now."),
        ("See www.evil.example, a@b.example.", r"See www\.evil.example, a\@b.example."),
        ("[^note]: hidden", r"[^note]\: hidden"),
        ("a < b", "a &lt; b"),
        ("AT&T, &amp;#91;3&amp;#93;", r"AT&T, \&#91;3\&#93;"),
        ("~~~ all", r"\~\~\~ all"),
    ],
)
def test_signs_are_shown_and_do_nothing(said: str, shown: str) -> None:
    """Whole pieces of code and formulas stay what they are."""
    assert in_markdown(plain(said)) == shown


@pytest.mark.parametrize(
    "forged",
    [
        "&#91;3&#93;",
        "&lbrack;3&rbrack;",
        "[\u200b3\u2060]",
        "[**3**]",
        "［3］",
        "[３]",
        "[3\u202e]",
    ],
)
def test_no_spelling_makes_a_citation(forged: str) -> None:
    """Entities and unseen letters are read as a window would read them."""
    assert re.search(r"\[\W*\d", plain(f"It is so {forged}.")) is None
