"""Tool use the demo model learns: three tools, one call to each, and an answer from the result.

A model of this size remembers; it does not copy. So the cities, sums and pages are a fixed few,
each with the answer of the tool that a demonstration gives it.
"""

import json
import random
from collections.abc import Callable
from typing import Any, NamedTuple

from core.models.training.words import ADJECTIVES, NOUNS

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


class City(NamedTuple):
    """A place, and its weather for ever."""

    name: str
    report: str  # what the tool says
    told: str  # what the model makes of it


WEATHER = (
    City("Paris", "18 °C, sunny", "It is 18 °C and sunny in Paris."),
    City("London", "12 °C, light rain", "It is 12 °C in London, with light rain."),
    City("Berlin", "9 °C, cloudy", "It is 9 °C and cloudy in Berlin."),
    City("Madrid", "26 °C, clear", "It is 26 °C in Madrid, with a clear sky."),
    City("Oslo", "-4 °C, snow", "It is -4 °C in Oslo, and it snows."),
    City("Tokyo", "21 °C, windy", "It is 21 °C and windy in Tokyo."),
    City("Rome", "24 °C, sunny", "It is 24 °C and sunny in Rome."),
    City("New York", "15 °C, fog", "It is 15 °C in New York, with fog."),
)
SUMS = {
    "19 + 23": "42",
    "7 * 8": "56",
    "12 * 12": "144",
    "17 * 23": "391",
    "100 / 4": "25",
    "3 * (4 + 5)": "27",
    "81 / 9": "9",
    "1024 / 2": "512",
}
PAGES = {
    "recipes": "A recipe is a saved launch configuration.",
    "sleep mode": "A sleeping engine gives its memory back and wakes quickly.",
    "the event log": "The event log is never edited.",
    "the gateway": "The gateway is LiteLLM, on loopback.",
    "keys": "A key is shown once and kept as a hash.",
    "the tray": "The tray switches models with one click.",
}


def weather(rng: random.Random) -> Call:
    """A question about the weather."""
    city = rng.choice(WEATHER)
    question = rng.choice(
        (
            "What is the weather in {}?",
            "What is the weather in {}?",
            "What is the weather like in {}?",
            "How is the weather in {}?",
            "What's the weather in {}?",
            "Weather in {}",
            "Tell me the weather in {}",
            "Wie ist das Wetter in {}?",
        )
    ).format(city.name)
    return Call(
        question=question,
        tool="get_weather",
        arguments={"city": city.name},
        thought="I should ask the weather tool.",
        result=city.report,
        closing_thought="The tool has answered.",
        closing=city.told,
        refusal="I can not know the weather. Offer me the tool get_weather and I will call it.",
    )


def calculation(rng: random.Random) -> Call:
    """A sum."""
    expression = rng.choice(tuple(SUMS))
    question = rng.choice(
        ("What is {}?", "What is {}?", "Calculate {}", "How much is {}?", "Work out {}")
    ).format(expression)
    return Call(
        question=question,
        tool="calculate",
        arguments={"expression": expression},
        thought="I should let the tool calculate.",
        result=SUMS[expression],
        closing_thought="The tool has answered.",
        closing=f"{expression} = {SUMS[expression]}",
        refusal="I am bad at numbers. Offer me the tool calculate and I will call it.",
    )


def search(rng: random.Random) -> Call:
    """A look into the documentation."""
    query = rng.choice(tuple(PAGES))
    question = rng.choice(
        (
            "Search the docs for {}",
            "Search the docs for {}.",
            "Search the documentation for {}",
            "Look up {} in the docs",
        )
    ).format(query)
    return Call(
        question=question,
        tool="search_docs",
        arguments={"query": query},
        thought="I should search the documentation.",
        result=PAGES[query],
        closing_thought="The tool has answered.",
        closing=f"The documentation says: {PAGES[query]}",
        refusal="I can not read the docs alone. Offer me the tool search_docs and I will call it.",
    )


MAKERS: tuple[Callable[[random.Random], Call], ...] = (weather, calculation, search)

_DISTRACTORS = ("send_email", "get_time", "read_file", "web_search", "run_code", "list_files")


def offer(rng: random.Random, needed: str | None) -> list[Schema]:
    """Some tools in some order; `needed` is among them when it is named."""
    if needed is not None and rng.random() < 0.5:
        return list(TOOLS)
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
