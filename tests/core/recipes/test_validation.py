"""A wrong recipe is refused with the exact field and what would be right."""

from typing import Any

import pytest

from core.errors import Invalid
from core.recipes.recipe import Lora, Price, Recipe, Speculative
from core.recipes.validation import check, parse_recipe

BASE: dict[str, Any] = {"id": "qwen", "model": "Qwen/Qwen3-8B"}
COMMAND: dict[str, Any] = {"id": "own", "engine": "command", "command": ["serve", "{port}"]}


def refused(**changes: Any) -> Invalid:
    """The error that these fields give."""
    base = COMMAND if changes.get("engine") == "command" else BASE
    with pytest.raises(Invalid) as error:
        parse_recipe({**base, **changes})
    return error.value


def test_the_smallest_recipe_is_an_id_and_a_model() -> None:
    """Everything else is the engine's own default."""
    assert parse_recipe(BASE) == Recipe(id="qwen", model="Qwen/Qwen3-8B")


def test_every_shape_of_field_comes_in() -> None:
    """Lists, tables, and tables in lists, as they stand in a file."""
    recipe = parse_recipe(
        {
            **BASE,
            "devices": [0, 1],
            "tensor_parallel": 2,
            "memory_fraction": 1,
            "loras": [{"name": "sql", "path": "/loras/sql"}],
            "speculative": {"method": "ngram", "tokens": 3},
            "price": {"input_per_million": 0.5},
            "env": {"OMP_NUM_THREADS": "4"},
        }
    )
    assert recipe.devices == (0, 1)
    assert recipe.memory_fraction == 1.0
    assert recipe.loras == (Lora(name="sql", path="/loras/sql"),)
    assert recipe.speculative == Speculative(method="ngram", tokens=3)
    assert recipe.price == Price(input_per_million=0.5)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("modle", "model"),
        ("tensor-parallel", "tensor_parallel"),
        ("tensor_parallel_size", "tensor_parallel"),
        ("--max-model-len", "context_length"),
        ("gpu_memory_utilization", "memory_fraction"),
        ("mem_fraction_static", "memory_fraction"),
        ("Model", "model"),
        ("ttl", "ttl_s"),
        ("cmd", "command"),
        ("served_model_name", "served_name"),
        ("max_num_seqs", "max_sequences"),
        ("quantisation", "quantization"),
    ],
)
def test_an_unknown_field_is_an_error_that_names_the_nearest(written: str, meant: str) -> None:
    """Nothing is dropped in silence; an engine's own flag name leads to our field."""
    error = refused(**{written: "x"})
    assert (error.code, error.field) == ("unknown-field", written)
    assert f"Did you mean {meant!r}?" in error.message


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"loras": [{"name": "a", "path": "/p"}, {"name": "b", "pth": "/p"}]}, "loras[1].pth"),
        ({"speculative": {"methd": "ngram"}}, "speculative.methd"),
        ({"price": {"input": 1}}, "price.input"),
    ],
)
def test_an_unknown_field_inside_another_is_named_with_its_path(
    changes: dict[str, Any], field: str
) -> None:
    """The path is what a person would point at."""
    error = refused(**changes)
    assert (error.code, error.field) == ("unknown-field", field)
    assert "Did you mean" in error.message


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"tensor_parallel": "2"}, "tensor_parallel", "a whole number, not text"),
        ({"tensor_parallel": True}, "tensor_parallel", "a whole number, not true or false"),
        ({"tensor_parallel": 1.5}, "tensor_parallel", "a whole number, not a number"),
        ({"model": 3}, "model", "text, not a whole number (put it in quotes)"),
        ({"pinned": "yes"}, "pinned", "true or false, not text"),
        ({"pinned": None}, "pinned", "true or false"),
        ({"aliases": "one"}, "aliases", "a list, not text"),
        ({"aliases": ["one", 2]}, "aliases[1]", "text"),
        ({"devices": [0, 1.5]}, "devices[1]", "a whole number"),
        ({"env": {"A": True}}, "env.A", "quotes"),
        ({"env": ["A=1"]}, "env", "a table, not a list"),
        ({"loras": [{"name": "a"}]}, "loras[0].path", "missing"),
        ({"engine": "vlm"}, "engine", "'vllm'"),
        ({"engine": "ollama"}, "engine", "one of vllm, sglang, transformers, command"),
    ],
)
def test_a_wrong_type_says_what_would_be_right(
    changes: dict[str, Any], field: str, words: str
) -> None:
    """No word of the library's own reaches a person."""
    error = refused(**changes)
    assert error.field == field
    assert words in error.message
    assert "`" not in error.message


@pytest.mark.parametrize(
    ("field", "bad"),
    [
        ("tensor_parallel", 0),
        ("pipeline_parallel", -1),
        ("data_parallel", 0),
        ("memory_fraction", 0),
        ("memory_fraction", 1.01),
        ("memory_fraction", float("nan")),
        ("context_length", 0),
        ("kv_cache_gib", 0),
        ("cpu_offload_gib", -0.5),
        ("swap_space_gib", float("inf")),
        ("max_sequences", 0),
        ("max_batched_tokens", 0),
        ("seed", -1),
        ("seed", 2**32),
        ("ttl_s", -1),
        ("load_timeout_s", 0),
        ("load_timeout_s", float("inf")),
        ("stop_grace_s", -1),
        ("concurrency", 0),
        ("concurrency", 10**400),
        ("tensor_parallel", -(10**400)),
        ("context_length", 2**53 + 1),
    ],
)
def test_a_number_out_of_range_is_refused_with_the_range(field: str, bad: float) -> None:
    """The bounds stand in the error, so the second try is right."""
    error = refused(**{field: bad})
    assert error.field == field
    assert "at least" in error.message or "more than" in error.message
    assert len(error.message) < 120


@pytest.mark.parametrize(
    ("field", "good"),
    [("memory_fraction", 1), ("ttl_s", 0), ("stop_grace_s", 0), ("seed", 0), ("concurrency", 1)],
)
def test_the_bounds_themselves_are_allowed(field: str, good: float) -> None:
    """A range includes its ends, where it says so."""
    parse_recipe({**BASE, field: good})


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"id": "Qwen"}, "id"),
        ({"id": "../etc"}, "id"),
        ({"id": "gateway"}, "id"),
        ({"model": ""}, "model"),
        ({"command": ["serve"]}, "command"),
        ({"engine": "command", "command": []}, "command"),
        ({"engine": "command", "command": [""]}, "command"),
        ({"engine": "command", "health_path": "http://elsewhere/health"}, "health_path"),
        ({"devices": [0, 0]}, "devices"),
        ({"devices": [-1]}, "devices[0]"),
        ({"devices": [0, "1"]}, "devices[1]"),
        ({"devices": ["GPU-5f", "GPU-5f"]}, "devices"),
        ({"nodes": 0}, "nodes"),
        ({"nodes": 2}, "nodes"),
        ({"nodes": 2, "tensor_parallel": 4, "node_address": "10.0.0.1"}, "node_address"),
        ({"nodes": 2, "tensor_parallel": 4, "node_address": "h:70000"}, "node_address"),
        ({"nodes": 2, "tensor_parallel": 4, "node_backend": "engine"}, "node_address"),
        ({"nodes": 2, "tensor_parallel": 4, "engine": "sglang"}, "node_address"),
        (
            {"nodes": 2, "tensor_parallel": 3, "engine": "sglang", "node_address": "h:1"},
            "nodes",
        ),
        (
            {
                "nodes": 2,
                "tensor_parallel": 8,
                "node_backend": "engine",
                "node_address": "h:1",
                "devices": [0, 1],
            },
            "tensor_parallel",
        ),
        ({"nodes": 2, "tensor_parallel": 2, "extra_args": ["--nnodes=2"]}, "extra_args[0]"),
        ({"devices": [0, 1], "tensor_parallel": 4}, "tensor_parallel"),
        ({"devices": [0, 1], "pipeline_parallel": 3}, "pipeline_parallel"),
        ({"devices": [0, 1], "tensor_parallel": 2, "data_parallel": 2}, "tensor_parallel"),
        ({"devices": [0, 1], "data_parallel": 3}, "data_parallel"),
        ({"max_sequences": 64, "max_batched_tokens": 32}, "max_batched_tokens"),
        (
            {"chunked_prefill": False, "context_length": 9, "max_batched_tokens": 8},
            "max_batched_tokens",
        ),
        ({"speculative": {"method": "eagle3"}}, "speculative.model"),
        ({"speculative": {"method": "ngram", "tokens": 0}}, "speculative.tokens"),
        ({"speculative": {"method": "ngram", "tokens": 10**30}}, "speculative.tokens"),
        ({"loras": [{"name": "a", "path": "/p"}] * 2}, "loras[1].name"),
        ({"loras": [{"name": "a", "path": ""}]}, "loras[0].path"),
        ({"aliases": ["a", "a"]}, "aliases[1]"),
        ({"aliases": ["gpt-*"]}, "aliases[0]"),
        ({"aliases": [""]}, "aliases[0]"),
        ({"served_name": "--host=0.0.0.0"}, "served_name"),
        ({"tokenizer": "-x"}, "tokenizer"),
        ({"model": " Qwen/Qwen3"}, "model"),
        ({"model": "a\nb"}, "model"),
        ({"notes": "a\x00b"}, "notes"),
        ({"extra_args": ["a\x00b"]}, "extra_args[0]"),
        ({"notes": "\ud800"}, "notes"),
        ({"price": {"input_per_million": -1}}, "price.input_per_million"),
        ({"price": {"cached_input_per_million": -1}}, "price.cached_input_per_million"),
        ({"env": {"1A": "x"}}, "env.1A"),
        ({"env": {"A B": "x"}}, "env.A B"),
        ({"env": {"A=B": "x"}}, "env.A=B"),
        ({"env": {"": "x"}}, "env."),
        ({"env": {"Path": "x", "PATH": "y"}}, "env.PATH"),
        ({"env": {"CUDA_VISIBLE_DEVICES": "0"}}, "env.CUDA_VISIBLE_DEVICES"),
        ({"env": {"VLLM_STUDIO_NONCE": "0"}}, "env.VLLM_STUDIO_NONCE"),
        ({"env": {"VLLM_STUDIO_ANYTHING": "0"}}, "env.VLLM_STUDIO_ANYTHING"),
        ({"env": {"A": "a\x00"}}, "env.A"),
        ({"extra_args": ["--host", "0.0.0.0"]}, "extra_args[0]"),
        ({"extra_args": ["--x", "--port=1"]}, "extra_args[1]"),
        ({"extra_args": ["--api_key", "k"]}, "extra_args[0]"),
        ({"extra_args": ["--served-model-name", "k"]}, "extra_args[0]"),
    ],
)
def test_a_rule_that_is_broken_names_its_field(changes: dict[str, Any], field: str) -> None:
    """From a single character to several fields together: the path says where to look."""
    error = refused(**changes)
    assert (error.code, error.field) == ("recipe-invalid", field)


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"strip_params": ["model"]}, "strip_params[0]", "use_model_name"),
        ({"strip_params": ["messages"]}, "strip_params[0]", "asks for"),
        ({"set_params": {"stream": True}}, "set_params.stream", "asks for"),
        ({"set_params": {"api_base": "x"}}, "set_params.api_base", "steer"),
        ({"set_params": {"a b": 1}}, "set_params.a b", "can not be a parameter"),
        ({"set_params": {"stop": [None]}}, "set_params.stop", "should be text"),
        ({"set_params": {"t": float("nan")}}, "set_params.t", "should be text"),
        ({"presets": {"p": {"model": "x"}}}, "presets.p.model", "use_model_name"),
        ({"presets": {"p": {"api_base": "x"}}}, "presets.p.api_base", "steer"),
        ({"presets": {"p": {"fallbacks": ["x"]}}}, "presets.p.fallbacks", "steer"),
        ({"presets": {"a\nb": {}}}, "presets.a\nb", "one line"),
        ({"presets": {"*": {}}}, "presets.*", "without '*'"),
    ],
)
def test_a_filter_may_tune_a_request_and_nothing_else(
    changes: dict[str, Any], field: str, words: str
) -> None:
    """Not what is asked, not of whom, not through LiteLLM's own fields."""
    error = refused(**changes)
    assert error.field == field
    assert words in error.message


def test_parameters_of_any_json_kind_can_be_set() -> None:
    """Text may begin with '-' and hold line ends: it reaches no command line."""
    wanted = {"top_k": 20, "stop": ["-\n"], "chat_template_kwargs": {"enable_thinking": False}}
    assert parse_recipe({**BASE, "set_params": wanted}).set_params == wanted


@pytest.mark.parametrize(
    ("fallbacks", "field", "words"),
    [
        ([BASE["id"]], "fallbacks[0]", "itself"),
        (["other", "twice", "twice"], "fallbacks[2]", "repeats"),
        ([""], "fallbacks[0]", "name of a model"),
        ([f"m{n}" for n in range(9)], "fallbacks", "at most 8"),
    ],
)
def test_fallbacks_are_other_models_each_once(fallbacks: list[str], field: str, words: str) -> None:
    """Whether they exist is not known here: that is told beside the recipe, as a warning."""
    error = refused(fallbacks=fallbacks)
    assert error.field == field
    assert words in error.message


def test_a_preset_is_a_name_of_its_own_or_one_of_the_aliases() -> None:
    """Either way it is served once."""
    recipe = parse_recipe({**BASE, "aliases": ["a"], "presets": {"a": {"top_k": 1}, "b": {}}})
    assert recipe.names == (BASE["id"], "a", "b")


def test_empty_text_means_unset_where_a_field_may_be_unset() -> None:
    """An empty box in the editor is no wish."""
    assert parse_recipe({**BASE, "served_name": "", "dtype": ""}) == parse_recipe(BASE)


def test_numbers_become_text_where_only_text_makes_sense() -> None:
    """YAML reads OMP_NUM_THREADS: 4 as a number; the engine gets text."""
    recipe = parse_recipe({**BASE, "env": {"OMP_NUM_THREADS": 4}, "extra_args": ["--depth", 3]})
    assert recipe.env == {"OMP_NUM_THREADS": "4"}
    assert recipe.extra_args == ("--depth", "3")


@pytest.mark.parametrize("data", [None, [], "text", 3, {1: 2}])
def test_what_is_no_table_of_fields_is_refused(data: Any) -> None:
    """Whatever JSON may hold, the answer is a sentence."""
    with pytest.raises(Invalid):
        parse_recipe(data)


def test_a_secret_value_is_never_repeated_in_an_error() -> None:
    """Errors travel to logs and screens."""
    for wrong in (["hf_very_secret"], {"a": "hf_very_secret"}, "hf_very_secret\x00"):
        assert "hf_very_secret" not in refused(env={"HF_TOKEN": wrong}).message


@pytest.mark.parametrize(
    ("recipe", "field"),
    [
        (Recipe(id="a", model="m", trust_remote_code=True), "trust_remote_code"),
        (Recipe(id="a", model="m", engine="transformers", context_length=9), "context_length"),
        (Recipe(id="a", model="m", devices=(0, 1)), "devices"),
        (Recipe(id="a", model="m", devices=("GPU-5f", 1)), "devices"),
        (Recipe(id="a", model="m", nodes=2, tensor_parallel=2, devices=(0,)), "devices"),
        (Recipe(id="a", model="m", node_address="h:1"), "node_address"),
        (Recipe(id="a", engine="command", command=("serve",)), "command"),
        (Recipe(id="a", engine="command", command=("{port}",), quantization="awq"), "quantization"),
    ],
)
def test_what_is_doubtful_is_said_but_not_refused(recipe: Recipe, field: str) -> None:
    """A warning leaves the decision to the person."""
    problems = check(recipe)
    assert [(problem.field, problem.severity) for problem in problems] == [(field, "warning")]


def test_all_problems_are_told_at_once_errors_first() -> None:
    """The editor marks every field, not one after the other."""
    recipe = Recipe(id="A", model="", trust_remote_code=True, tensor_parallel=0, ttl_s=-1)
    problems = check(recipe)
    assert [problem.field for problem in problems] == [
        "id",
        "tensor_parallel",
        "ttl_s",
        "model",
        "trust_remote_code",
    ]
    assert [problem.severity for problem in problems] == ["error"] * 4 + ["warning"]
