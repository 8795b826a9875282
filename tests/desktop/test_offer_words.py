"""How models of providers and parameters are written on the command line."""

import click
import pytest

from desktop.cli.offers import model_of, parameter_of


@pytest.mark.parametrize(
    ("text", "model"),
    [
        ("gpt-5", {"model": "gpt-5", "name": ""}),
        ("org/m:free=mine", {"model": "org/m:free", "name": "mine"}),
        (
            "gpt-5=big@1.25/10",
            {
                "model": "gpt-5",
                "name": "big",
                "price": {"input_per_million": 1.25, "output_per_million": 10.0},
            },
        ),
        (
            "@cf/meta/m@0/1",
            {
                "model": "@cf/meta/m",
                "name": "",
                "price": {"input_per_million": 0.0, "output_per_million": 1.0},
            },
        ),
    ],
)
def test_a_model_its_name_here_and_its_price_stand_in_one_word(
    text: str, model: dict[str, object]
) -> None:
    """`MODEL[=NAME][@IN/OUT]`; a model may itself hold slashes, colons and an @."""
    assert model_of(text) == model


@pytest.mark.parametrize("text", ["", "=name", "gpt=", "gpt@1..2/3"])
def test_what_is_no_such_word_is_a_usage_error(text: str) -> None:
    """Before anybody is asked."""
    with pytest.raises(click.UsageError, match="--model wants"):
        model_of(text)


def test_a_parameter_is_json_where_it_can_be_and_text_otherwise() -> None:
    """As people write them."""
    assert parameter_of("temperature=0.2") == ("temperature", 0.2)
    assert parameter_of('stop=["a"]') == ("stop", ["a"])
    assert parameter_of("effort=high") == ("effort", "high")
    with pytest.raises(click.UsageError, match="NAME=VALUE"):
        parameter_of("temperature")
