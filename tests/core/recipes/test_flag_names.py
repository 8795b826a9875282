"""A flag is known in whatever way it is spelled."""

import pytest

from core.recipes.flag_names import flag_in, flag_name


@pytest.mark.parametrize(
    ("argument", "name"),
    [
        ("--Max-Model-Len=1", "max_model_len"),
        ("--max_model_len", "max_model_len"),
        ("--kv-transfer-config.kv_connector=x", "kv_transfer_config"),
        ("-tp", "tp"),
        ("value", None),
        ("", None),
    ],
)
def test_a_flag_has_one_name_however_it_is_spelled(argument: str, name: str | None) -> None:
    """Engines take dashes and underscores, with and without '=', and keys of JSON flags."""
    assert flag_name(argument) == name


@pytest.mark.parametrize(
    ("argument", "found"),
    [
        ("--host", "host"),
        ("--hos=0.0.0.0", "host"),
        ("--served-model", "served_model_name"),
        ("--hostile", None),
        ("-h", None),
        ("host", None),
        ("--", None),
    ],
)
def test_an_abbreviation_of_a_flag_is_that_flag(argument: str, found: str | None) -> None:
    """Argument parsers take any beginning that fits only one flag."""
    assert flag_in(argument, ["host", "served_model_name"]) == found
