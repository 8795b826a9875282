"""Tool use the demo model learns: three tools, one call to each, and an answer from the result.

What is copied from the prompt (a city, an expression, a search, a tool's result) is drawn afresh
for every example, so that the model learns to copy and not only to remember.
"""

import json
import random
from collections.abc import Callable
from typing import Any, NamedTuple

from core.models.training.words import ADJECTIVES, CITIES, NOUNS

Schema = dict[str, Any]


class Call(NamedTuple):
    """A question that wants a tool, the call that answers it, and what follows."""

    question: str
    tool: str
    arguments: dict[str, str]
    thought: str
    result: str
    closing_thought: str
    closing: str
    refusal: str  # said when the tool is not offered

    @property
    def call_text(self) -> str:
        """The call as Hermes-style text."""
        body = json.dumps({"name": self.tool, "arguments": self.arguments}, ensure_ascii=False)
        return f"<tool_call>\n{body}\n</tool_call>"


def schema(name: str, description: str, argument: str, meaning: str) -> Schema:
    """A tool with one text argument, as the OpenAI API describes it."""
    return {
        "type": "function",
        "function": {
            "name": name,
            "description": description,
            "parameters": {
                "type": "object",
                "properties": {argument: {"type": "string", "description": meaning}},
                "required": [argument],
            },
        },
    }


GET_WEATHER = schema("get_weather", "The weather in a city now", "city", "Name of the city")
CALCULATE = schema("calculate", "Work out an expression", "expression", "Such as 2 * (3 + 4)")
SEARCH_DOCS = schema("search_docs", "Search the documentation", "query", "What to look for")
TOOLS = (GET_WEATHER, CALCULATE, SEARCH_DOCS)


def weather(rng: random.Random) -> Call:
    """A question about the weather."""
    city = rng.choice(CITIES)
    question = rng.choice(
        (
            "What is the weather in {}?",
            "What is the weather in {}?",
            "What is the weather like in {}?",
            "How is the weather in {}?",
            "What's the weather in {}?",
            "Weather in {}",
            "weather in {}?",
            "Tell me the weather in {}",
            "Is it raining in {}?",
            "How warm is it in {}?",
            "Wie ist das Wetter in {}?",
        )
    ).format(city)
    result = rng.choice((_weather_json, _weather_text))(rng, city)
    return Call(
        question=question,
        tool="get_weather",
        arguments={"city": city},
        thought="I should ask the weather tool.",
        result=result,
        closing_thought="The tool has answered.",
        closing=f"The weather service says: {result}",
        refusal="I can not know the weather. Offer me the tool get_weather and I will call it.",
    )


def calculation(rng: random.Random) -> Call:
    """A sum."""
    expression = _expression(rng)
    question = rng.choice(
        ("What is {}?", "What is {}?", "Calculate {}", "How much is {}?", "Work out {}", "{} = ?")
    ).format(expression)
    result = str(rng.randrange(10 ** rng.randint(1, 6)))
    if rng.random() < 0.3:
        result = json.dumps({"result": int(result)})
    return Call(
        question=question,
        tool="calculate",
        arguments={"expression": expression},
        thought="I should let the tool calculate.",
        result=result,
        closing_thought="The tool has answered.",
        closing=f"The result is {result}",
        refusal="I am bad at numbers. Offer me the tool calculate and I will call it.",
    )


def search(rng: random.Random) -> Call:
    """A look into the documentation."""
    query = rng.choice((rng.choice(NOUNS), f"{rng.choice(ADJECTIVES)} {rng.choice(NOUNS)}"))
    question = rng.choice(
        (
            "Search the docs for {}",
            "Search the docs for {}.",
            "Search the documentation for {}",
            "Look up {} in the docs",
            "Find {} in the documentation",
        )
    ).format(query)
    result = f"{rng.choice(ADJECTIVES).capitalize()} {rng.choice(NOUNS)}: {_sentence(rng)}"
    return Call(
        question=question,
        tool="search_docs",
        arguments={"query": query},
        thought="I should search the documentation.",
        result=result,
        closing_thought="The tool has answered.",
        closing=f"The documentation says: {result}",
        refusal="I can not read the docs alone. Offer me the tool search_docs and I will call it.",
    )


MAKERS: tuple[Callable[[random.Random], Call], ...] = (weather, calculation, search)

_DISTRACTORS = ("send_email", "get_time", "read_file", "web_search", "run_code", "list_files")


def offer(rng: random.Random, needed: str | None) -> list[Schema]:
    """Some tools in some order; `needed` is among them when it is named."""
    offered = [tool for tool in TOOLS if tool["function"]["name"] == needed]
    for tool in TOOLS:
        if tool not in offered and rng.random() < 0.4:
            offered.append(tool)
    if rng.random() < 0.3:
        name = rng.choice(_DISTRACTORS)
        words = name.replace("_", " ").capitalize()
        offered.append(schema(name, words, rng.choice(NOUNS), f"The {rng.choice(NOUNS)}"))
    rng.shuffle(offered)
    return [_reworded(rng, tool) for tool in offered]


def _reworded(rng: random.Random, tool: Schema) -> Schema:
    """The same tool as another client would describe it."""
    if rng.random() < 0.5:
        return tool
    copy: Schema = json.loads(json.dumps(tool))
    function = copy["function"]
    if rng.random() < 0.5:
        function["description"] = f"{rng.choice(ADJECTIVES).capitalize()} {rng.choice(NOUNS)}"
    else:
        del function["description"]
    for meaning in function["parameters"]["properties"].values():
        del meaning["description"]
    return copy


def _expression(rng: random.Random) -> str:
    def number() -> str:
        return str(rng.randrange(1, 10 ** rng.randint(1, 4)))

    gap = rng.choice(("", " ", " "))
    text = number()
    for _ in range(rng.choice((1, 1, 1, 2))):
        text += gap + rng.choice("+-*/") + gap + number()
    return text


def _weather_json(rng: random.Random, city: str) -> str:
    facts: dict[str, Any] = {"temperature": rng.randint(-20, 40), "sky": rng.choice(ADJECTIVES)}
    return json.dumps({"city": city, **facts} if rng.random() < 0.5 else facts, ensure_ascii=False)


def _weather_text(rng: random.Random, city: str) -> str:
    sky = rng.choice(("sunny", "cloudy", "rain", "snow", "clear", "windy", "light rain", "fog"))
    degrees = f"{rng.randint(-20, 40)}{rng.choice((' °C', '°C', ' C', ' degrees'))}"
    return rng.choice((f"{degrees}, {sky}", f"{sky}, {degrees}", f"{sky.capitalize()}, {degrees}."))


def _sentence(rng: random.Random) -> str:
    words = [rng.choice((rng.choice(NOUNS), rng.choice(ADJECTIVES))) for _ in range(3)]
    return f"the {' '.join(words)}."
