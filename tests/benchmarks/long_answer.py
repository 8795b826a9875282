"""A long answer as a model writes it: everything Markdown has, in pieces as long as tokens are."""

import re
from itertools import count

END = "That is the whole of it."

PARAGRAPHS = (
    "A switch is recorded before it begins, so that **whatever happens** in between can be told "
    "later: who asked, *why* it was allowed, and which of the `engines` had to go. See the "
    "[timeline](https://example.org/timeline) for what it was, and mind that nothing starts for a "
    "caller who hangs up.",
    "The wait is bounded by $t = t_{drain} + t_{evict} + t_{load}$, where each part is measured "
    "on this machine; the first is at most what `drain_timeout_s` says, and ~~often~~ always less "
    "than the third when weights come from a disk.",
    "Memory is what decides: weights take most of it, the KV cache takes what is left, and graphs "
    "are captured last. A model that *would not fit* is refused before anything is stopped.",
)
LISTS = (
    "1. *Drain*: requests that run are finished.\n2. *Evict*: the former engine ends.\n"
    "   - its memory is **verified** free\n   - its port is given back\n"
    "3. *Start*: the new one loads.",
    "- [x] write down the wish\n- [ ] carry it out\n- [ ] tell the `outcome`, with its reason",
)
TABLE_HEAD = "| Step | Share | Measured |\n|:--|--:|--:|\n"
FORMULA = "$$\n\\sum_{i=1}^{n} \\frac{w_i}{b_i} \\le M - \\epsilon\n$$"
QUOTE = "> An intent without an outcome is what a restart reconciles.\n>\n> - and nothing else"
LINE = '    results.append(measure(engine, step={n}, note="step {n}"))  # kept for later'


def long_answer(tokens: int) -> str:
    """About so many tokens of it; the same every time."""
    parts: list[str] = []
    length = 0
    for number in count(1):
        section = _section(number)
        parts.append(section)
        length += len(pieces(section))
        if length >= tokens:
            break
    return "\n\n".join([*parts, END])


def pieces(text: str) -> list[str]:
    """As a model's tokens: a word with the space before it, or a few signs."""
    return re.findall(r" ?\w{1,12}|\n+ *| ?[^\w\s]{1,4}|.", text)


def _section(number: int) -> str:
    rows = "\n".join(f"| step {n} | {n * 7 % 100} % | {n * 13 % 1000} ms |" for n in range(8))
    lines = 300 if number == 2 else 12
    code = "\n".join(
        [f"def measure_{number}(engine):", "    results = []"]
        + [LINE.format(n=n) for n in range(lines)]
        + ["    return results"]
    )
    return "\n\n".join(
        [
            f"## {number}. What is measured",
            *PARAGRAPHS,
            LISTS[number % 2],
            f"```python\n{code}\n```",
            TABLE_HEAD + rows,
            FORMULA,
            QUOTE,
        ]
    )
