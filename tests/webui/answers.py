"""What the stand-in's models say: one answer with everything Markdown has, and plain ones."""

import re
from collections.abc import Iterator

PAUSE_S = 0.008

REASONING = """The user wants to know how the switch works, with an example.
I should explain draining first, then show a short program.
A table would help to compare the two lanes."""

RICH = """A switch has **three steps**, and each is recorded before the next begins:

1. *Drain*: requests that run are finished, up to `drain_timeout_s`.
2. *Evict*: the former engine ends, and its memory is verified free.
3. *Start*: the new engine loads; whoever waits goes through.

```python
from openai import OpenAI

client = OpenAI(base_url="http://127.0.0.1:8080/v1", api_key="none")

# Naming a model that is not resident loads it.
for chunk in client.chat.completions.create(
    model="gemma3",
    messages=[{"role": "user", "content": "Hello"}],
    stream=True,
):
    print(chunk.choices[0].delta.content or "", end="")
```

| Lane | Translation | Overhead |
|:--|:--|--:|
| gateway | yes | 10–17 ms |
| direct | no | < 1 ms |

The wait is bounded by $t = t_{drain} + t_{evict} + t_{load}$; see the
[timeline](https://example.org/timeline) for what it was.

> Nothing starts for a caller who hangs up.
"""

SAID: dict[str, list[str]] = {}
"""What is answered to these questions, piece by piece, whatever else the script says."""

COUNT = " ".join(str(number) for number in range(1, 6000))
PLAIN = "Hello. I am a small model, and I answer from this machine."


def pieces(question: str) -> Iterator[tuple[str, str]]:
    """(kind, text) in token-sized pieces."""
    lowered = question.lower()
    if question in SAID:
        yield from (("text", piece) for piece in SAID[question])
    elif "count" in lowered:
        yield from split("text", COUNT)
    elif "switch" in lowered:
        yield from split("reasoning", REASONING)
        yield from split("text", RICH)
    else:
        yield from split("text", PLAIN)


def split(kind: str, text: str) -> Iterator[tuple[str, str]]:
    """Words with the space before them, as tokens come."""
    for piece in re.findall(r"\s*\S+|\s+$", text):
        yield kind, piece
