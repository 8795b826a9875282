"""Every field of a recipe is described, once, and truly."""

import pytest

from core.engines import sglang, transformers, vllm
from core.engines.flags import Table
from core.recipes.fields import ALSO, FIELD, FIELDS, FieldInfo
from core.recipes.recipe import EngineKind, Recipe

TABLES: dict[EngineKind, Table] = {
    "vllm": vllm.FLAGS,
    "sglang": sglang.FLAGS,
    "transformers": transformers.FLAGS,
}


def test_every_field_is_described_and_nothing_else() -> None:
    """The editor shows the fields from here, in the order of the struct."""
    assert [field.name for field in FIELDS] == list(Recipe.__struct_fields__)


@pytest.mark.parametrize("described", FIELDS, ids=lambda field: field.name)
def test_a_description_is_a_sentence(described: FieldInfo) -> None:
    """A label to point at, and one sentence that a newcomer understands."""
    assert described.label[0].isupper()
    assert described.help[0].isupper()
    assert described.help.endswith(".")
    assert len(described.help) <= 100


def test_defaults_are_those_of_the_recipe() -> None:
    """Read off the struct itself; a recipe without wishes has all of them."""
    plain = Recipe(id="x")
    for field in FIELDS:
        if field.name != "id":
            assert getattr(plain, field.name) == field.default, field.name


def test_names_of_other_programs_lead_to_one_field_and_hide_none() -> None:
    """`max_model_len` means context_length; no such name is a field of ours."""
    assert ALSO["max_model_len"] == "context_length"
    assert ALSO["gpu_memory_utilization"] == "memory_fraction"
    assert not set(ALSO) & set(FIELD)
    assert len(ALSO) == sum(len(field.also) for field in FIELDS)


@pytest.mark.parametrize("engine", list(TABLES))
def test_the_engines_of_a_field_are_those_that_have_a_flag_for_it(engine: EngineKind) -> None:
    """The editor offers what the launch can carry out."""
    flags = set(TABLES[engine])
    for field in FIELDS:
        if any(field.name in table for table in TABLES.values()):
            assert (engine in field.engines) == (field.name in flags), field.name
