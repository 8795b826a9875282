"""The rules a recipe must keep, one function each, from a single field to several together."""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from core.recipes.fields import FIELDS, FieldInfo
from core.recipes.flag_names import flag_in
from core.recipes.placement_rules import (
    devices_can_be_meant,
    devices_suffice,
    machines_can_meet,
    machines_share_the_work,
)
from core.recipes.problem import Problem, doubtful, wrong
from core.recipes.recipe import Recipe
from core.recipes.secrets_in_clear import no_secret_stands_in_clear
from core.recipes.slug import RESERVED, is_id
from core.steering import steers

Rule = Callable[[Recipe], Iterator[Problem]]

_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_UNENCODABLE = re.compile(r"[\x00\ud800-\udfff]")
_PARAMETER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,99}")
_WHAT_IS_ASKED = ("file", "input", "messages", "prompt", "stream")  # the proxy has read these
_FREE_TEXT = ("name", "notes")  # for people, never an argument of a program
_LARGEST = 2**53  # beyond it, JSON in a browser no longer counts right
_MOST_PROPOSED = 1000
MOST_FALLBACKS = 8
_NEEDS_DRAFT = ("eagle", "eagle3", "draft_model", "medusa", "mlp_speculator")

# Flags that the app sets itself: a second one would take the engine out of its hands.
_OURS = {
    "admin_api_key": "The app gives each engine a key of its own",
    "api_key": "The app gives each engine a key of its own",
    "fastapi_root_path": "The app reaches engines at their root",
    "grpc_port": "The app reaches engines over HTTP only",
    "host": "Engines listen on this machine only",
    "port": "The app chooses the port",
    "served_model_name": "Set served_name instead",
    "uds": "The app reaches engines over a port",
    "root_path": "The app reaches engines at their root",
    "ssl_certfile": "Engines listen on this machine only",
    "ssl_keyfile": "Engines listen on this machine only",
    "hf_token": "Set HF_TOKEN under env, where it is kept secret",
    "config": "Set the fields here instead",
    "enable_memory_saver": "Set sleep instead",
    "enable_sleep_mode": "Set sleep instead",
    "enable_weights_cpu_backup": "Set sleep instead",
    "model_path": "Set model instead",
    "model": "Set model instead",
}
# Variables that the app sets itself.
_OUR_VARIABLES = {
    "CUDA_VISIBLE_DEVICES": "Set devices instead",
    "VLLM_API_KEY": "The app gives each engine a key of its own",
    "LITELLM_MASTER_KEY": "Engines never see the gateway's key",
}


def the_id_is_usable(recipe: Recipe) -> Iterator[Problem]:
    """It stands in addresses, file names and on the command line."""
    if recipe.id in RESERVED:
        yield wrong("id", f"{recipe.id!r} is a word of the app's own; choose another id")
    elif not is_id(recipe.id):
        yield wrong(
            "id",
            f"{recipe.id!r} can not be an id: lower case letters, digits, '-', '.' and '_', "
            "at most 64, with a letter or digit at both ends",
        )


def numbers_are_in_range(recipe: Recipe) -> Iterator[Problem]:
    """Every number keeps the bounds that its description names."""
    for field in FIELDS:
        value = getattr(recipe, field.name)
        values = value if isinstance(value, tuple) else (value,)
        for index, number in enumerate(values):
            if isinstance(number, int | float) and not isinstance(number, bool):
                path = f"{field.name}[{index}]" if isinstance(value, tuple) else field.name
                yield from _in_range(path, number, field)


def _in_range(path: str, number: float, field: FieldInfo) -> Iterator[Problem]:
    high = _LARGEST if field.maximum is None else field.maximum
    low = field.minimum if field.above is None else field.above
    too_low = low is not None and (number < low or (number == low and field.above is not None))
    if too_low or not number <= high:  # NaN is not
        least = f"more than {low:g}" if field.above is not None else f"at least {low:g}"
        bounds = [least] if low is not None else []
        bounds += [f"at most {high:.16g}"] if field.maximum is not None or number > high else []
        yield wrong(path, f"{path} should be {' and '.join(bounds)}, not {number!s:.20}")


def texts_reach_programs_whole(recipe: Recipe) -> Iterator[Problem]:
    """No text may hold what a command line can not, or pass for another flag."""
    for path, text in _texts(msgspec.to_builtins(recipe), ""):
        name = re.split(r"[.\[]", path)[0]
        if _UNENCODABLE.search(text):
            yield wrong(path, f"{path} holds a character that no program can be given")
        elif name in _FREE_TEXT or name in (
            "command",
            "extra_args",
            "env",
            "set_params",
            "presets",
        ):
            continue
        elif _CONTROL.search(text):
            yield wrong(path, f"{path} holds a control character")
        elif text != text.strip():
            yield wrong(path, f"{path} has a space at its beginning or end")
        elif text.startswith("-"):
            yield wrong(path, f"{path} may not begin with '-': it would pass for a flag")


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - plain data
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _texts(inner, f"{path}[{index}]")


def names_can_be_asked_for(recipe: Recipe) -> Iterator[Problem]:
    """Clients write these names in requests, and the gateway routes by them."""
    named = [("served_name", recipe.served_name)]
    named += [(f"aliases[{i}]", alias) for i, alias in enumerate(recipe.aliases)]
    named += [(f"loras[{i}].name", lora.name) for i, lora in enumerate(recipe.loras)]
    named += [(f"presets.{name}", name) for name in recipe.presets if name not in recipe.aliases]
    seen: dict[str, str] = {}
    for path, name in named:
        if name is None:
            continue
        if not name or "*" in name or len(name) > 200:
            yield wrong(path, f"{path} should be a name of 1 to 200 characters without '*'")
        elif path.startswith("presets.") and (_CONTROL.search(name) or name != name.strip()):
            yield wrong(path, f"{name!r} can not be asked for: it should be plain text on one line")
        elif name in seen:
            yield wrong(path, f"{path} repeats {seen[name]}: {name!r}")
        seen.setdefault(name, path)


def the_engine_has_something_to_run(recipe: Recipe) -> Iterator[Problem]:
    """A command for `command`, a model for every other engine."""
    if recipe.engine == "command":
        yield from _command(recipe)
        return
    if not recipe.model:
        yield wrong("model", "model is missing: a folder, or a hub id such as Qwen/Qwen3-8B")
    if recipe.command:
        yield wrong("command", 'command works only with engine = "command"')


def _command(recipe: Recipe) -> Iterator[Problem]:
    if not recipe.command or not recipe.command[0].strip():
        yield wrong("command", 'engine = "command" needs a command: the program and its arguments')
    elif not any("{port}" in argument for argument in recipe.command):
        yield doubtful("command", "command does not mention {port}, so it must read it from PORT")
    path = recipe.health_path
    if not path.startswith("/") or path.startswith("//") or re.search(r"\s", path):
        yield wrong("health_path", "health_path should be a path such as /health")


def token_limits_fit(recipe: Recipe) -> Iterator[Problem]:
    """vLLM refuses these after half a minute; better to say so now."""
    batch = recipe.max_batched_tokens
    if recipe.engine != "vllm" or batch is None:
        return
    if recipe.max_sequences is not None and batch < recipe.max_sequences:
        yield wrong(
            "max_batched_tokens",
            f"max_batched_tokens ({batch}) should not be less than "
            f"max_sequences ({recipe.max_sequences})",
        )
    context = recipe.context_length
    if recipe.chunked_prefill is False and context is not None and batch < context:
        yield wrong(
            "max_batched_tokens",
            f"Without chunked_prefill, max_batched_tokens ({batch}) should not be less than "
            f"context_length ({context})",
        )


def speculation_is_complete(recipe: Recipe) -> Iterator[Problem]:
    """Some methods need a second model."""
    speculative = recipe.speculative
    if speculative is None:
        return
    if not speculative.method:
        yield wrong("speculative.method", "speculative.method is missing, such as ngram or eagle3")
    if not 1 <= speculative.tokens <= _MOST_PROPOSED:
        yield wrong(
            "speculative.tokens",
            f"speculative.tokens should be at least 1 and at most {_MOST_PROPOSED}, "
            f"not {speculative.tokens!s:.20}",
        )
    if speculative.method in _NEEDS_DRAFT and not speculative.model:
        yield wrong("speculative.model", f"{speculative.method} needs a draft model")


def adapters_are_complete(recipe: Recipe) -> Iterator[Problem]:
    """A LoRA needs a place."""
    for index, lora in enumerate(recipe.loras):
        if not lora.path:
            yield wrong(f"loras[{index}].path", f"loras[{index}].path is missing")


def prices_are_not_negative(recipe: Recipe) -> Iterator[Problem]:
    """Nobody is paid for asking."""
    for name, value in (msgspec.structs.asdict(recipe.price) if recipe.price else {}).items():
        if value is not None and (value < 0 or not math.isfinite(value)):
            yield wrong(f"price.{name}", f"price.{name} should be at least 0, not {value}")


def variables_are_settable(recipe: Recipe) -> Iterator[Problem]:
    """Names that a system accepts, and not those that the app sets."""
    seen: dict[str, str] = {}
    for name in recipe.env:
        path = f"env.{name}"
        if _ENV_NAME.fullmatch(name) is None:
            yield wrong(
                path,
                f"{name!r} can not be a variable: letters, digits and '_', at most 100, "
                "and no digit at the beginning",
            )
        elif reason := _reserved(name.upper()):
            yield wrong(path, f"{name} can not be set here. {reason}.")
        elif name.upper() in seen:
            yield wrong(path, f"{name} and {seen[name.upper()]} differ only in case")
        seen.setdefault(name.upper(), name)


def _reserved(name: str) -> str | None:
    if name.startswith("VLLM_STUDIO_"):
        return "Such variables are the app's own"
    return _OUR_VARIABLES.get(name)


def filters_leave_requests_whole(recipe: Recipe) -> Iterator[Problem]:
    """A filter may tune what is asked, not what it is, whom it reaches, or how it is answered."""
    for index, name in enumerate(recipe.strip_params):
        yield from _parameter(f"strip_params[{index}]", name)
    for name in recipe.set_params:
        if name in recipe.strip_params:
            yield doubtful(f"set_params.{name}", f"{name} is taken out of requests and then set")
    yield from parameters_may_be_set("set_params", recipe.set_params)
    for preset, parameters in recipe.presets.items():
        yield from parameters_may_be_set(f"presets.{preset}", parameters)
        for name in parameters:
            if name in recipe.strip_params or name in recipe.set_params:
                path = f"presets.{preset}.{name}"
                yield doubtful(path, f"{name} has no effect: strip_params or set_params decide it")


def parameters_may_be_set(where: str, parameters: Mapping[str, Any]) -> Iterator[Problem]:
    """Errors of what stands at `where` to be put into requests."""
    for name, value in parameters.items():
        path = f"{where}.{name}"
        yield from _parameter(path, name)
        if not _is_json(value):
            yield wrong(path, f"{path} should be text, a number, true, false, a list or a table")


def others_can_stand_in(recipe: Recipe) -> Iterator[Problem]:
    """A model that fails is not asked a second time; whether the others exist is not known here."""
    seen: set[str] = set()
    for index, name in enumerate(recipe.fallbacks):
        path = f"fallbacks[{index}]"
        if not name:
            yield wrong(path, f"{path} should be the name of a model")
        elif name in recipe.names:
            yield wrong(path, f"{name!r} is this recipe itself; a fallback is another model")
        elif name in seen:
            yield wrong(path, f"{path} repeats {name!r}")
        seen.add(name)
    if len(recipe.fallbacks) > MOST_FALLBACKS:
        yield wrong("fallbacks", f"fallbacks should be at most {MOST_FALLBACKS} names")


def _parameter(path: str, name: str) -> Iterator[Problem]:
    if _PARAMETER.fullmatch(name) is None:
        yield wrong(path, f"{name!r} can not be a parameter: letters, digits, '_', '-' and '.'")
    elif name == "model":
        yield wrong(path, "model can not be filtered. Set use_model_name instead.")
    elif name in _WHAT_IS_ASKED:
        yield wrong(path, f"{name} is what the caller asks for; it can not be filtered")
    elif steers(name):
        yield wrong(path, f"{name} is not for the model: it would steer the gateway")


def _is_json(value: Any) -> bool:  # noqa: ANN401 - plain data
    """What JSON and TOML can both hold: nothing is null."""
    if isinstance(value, dict):
        return all(isinstance(k, str) and _is_json(v) for k, v in value.items())
    if isinstance(value, list | tuple):
        return all(_is_json(inner) for inner in value)
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, str | bool | int)


def sharing_is_meant(recipe: Recipe) -> Iterator[Problem]:
    """What one key asked may show in how fast another is answered, and in what."""
    if not recipe.cache_shared:
        return
    if recipe.cache or recipe.single_flight:
        yield doubtful("cache_shared", "Answers to one key's requests will be given to other keys")
    else:
        yield doubtful("cache_shared", "cache_shared has no effect without cache or single_flight")


def arguments_leave_the_app_in_charge(recipe: Recipe) -> Iterator[Problem]:
    """extra_args is for what has no field; a field's own flag there would be given twice."""
    if recipe.engine == "command":
        return
    for index, argument in enumerate(recipe.extra_args):
        flag = flag_in(argument, _OURS)
        if flag is not None:
            path = f"extra_args[{index}]"
            yield wrong(path, f"{argument.split('=')[0]} can not be set here. {_OURS[flag]}.")


def code_from_the_model_is_meant(recipe: Recipe) -> Iterator[Problem]:
    """Worth a second look, every time."""
    if recipe.trust_remote_code:
        yield doubtful("trust_remote_code", "Python code that comes with the model will be run")


def fields_have_an_effect(recipe: Recipe) -> Iterator[Problem]:
    """A field that the engine does not know is not given to it."""
    for field in FIELDS:
        idle = recipe.engine not in field.engines and field.name != "command"  # its own error
        if idle and getattr(recipe, field.name) != field.default:
            yield doubtful(field.name, f"{field.name} has no effect with {recipe.engine}")


RULES: tuple[Rule, ...] = (
    the_id_is_usable,
    numbers_are_in_range,
    texts_reach_programs_whole,
    no_secret_stands_in_clear,
    names_can_be_asked_for,
    the_engine_has_something_to_run,
    devices_can_be_meant,
    devices_suffice,
    machines_can_meet,
    machines_share_the_work,
    token_limits_fit,
    speculation_is_complete,
    adapters_are_complete,
    prices_are_not_negative,
    variables_are_settable,
    filters_leave_requests_whole,
    sharing_is_meant,
    others_can_stand_in,
    arguments_leave_the_app_in_charge,
    code_from_the_model_is_meant,
    fields_have_an_effect,
)
