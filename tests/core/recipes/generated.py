"""Valid recipes of every kind, made up by hypothesis."""

from typing import TypeVar, get_args

from hypothesis import strategies as st

from core.recipes.recipe import EngineKind, Lora, Price, Recipe, Speculative
from core.recipes.slug import RESERVED

T = TypeVar("T")

_engines: tuple[EngineKind, ...] = get_args(EngineKind)
_ids = st.from_regex(r"[a-z0-9]([a-z0-9._-]{0,20}[a-z0-9])?", fullmatch=True).filter(
    lambda text: text not in RESERVED
)
# Everything that a program can be given, line ends and tabs included.
_any_text = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))
_one_line = (
    st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="*"), min_size=1)
    .map(str.strip)
    .filter(lambda text: text != "" and not text.startswith("-") and len(text) <= 200)
)
_uuids = st.from_regex(r"(GPU|MIG)-[0-9a-f]{1,8}", fullmatch=True)
_variables = st.from_regex(r"X_[A-Z0-9_]{0,20}", fullmatch=True)
_arguments = st.lists(_any_text.filter(lambda text: not text.startswith("-"))).map(tuple)


def _maybe(strategy: st.SearchStrategy[T]) -> st.SearchStrategy[T | None]:
    return st.none() | strategy


_number = st.floats(min_value=0, max_value=1e6, allow_nan=False)
_count = st.integers(min_value=1, max_value=10**9)
_few = st.integers(min_value=1, max_value=1000)
_names = st.lists(_one_line, max_size=6, unique=True)


_parameters = st.from_regex(r"x_[a-z0-9_.-]{0,20}", fullmatch=True)
_plain_values = st.recursive(
    st.booleans() | st.integers(-(2**53), 2**53) | _number | _any_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_parameters, inner, max_size=3),
    max_leaves=5,
)


@st.composite
def recipes(draw: st.DrawFn) -> Recipe:
    """Any recipe that `parse_recipe` would let in."""
    engine = draw(st.sampled_from(_engines))
    runs_command = engine == "command"
    names = draw(_names)
    return Recipe(
        id=draw(_ids),
        name=draw(_any_text),
        notes=draw(_any_text),
        engine=engine,
        model=draw(_one_line) if not runs_command else "",
        command=("program", "{port}", *draw(_arguments)) if runs_command else (),
        runtime=draw(_maybe(_one_line)),
        revision=draw(_maybe(_one_line)),
        served_name=names[0] if names else None,
        aliases=tuple(names[1:4]),
        unlisted=draw(st.booleans()),
        use_model_name=draw(_maybe(_one_line)),
        strip_params=tuple(draw(st.lists(_parameters, max_size=3))),
        set_params=draw(st.dictionaries(_parameters, _plain_values, max_size=3)),
        presets=draw(
            st.dictionaries(
                st.sampled_from(names[1:4] or ["preset"]),
                st.dictionaries(_parameters, _plain_values, max_size=2),
                max_size=2,
            )
        ),
        fallbacks=tuple(draw(st.lists(st.sampled_from(("F1", "F2")), unique=True))),
        devices=tuple(draw(st.lists(st.integers(0, 64) | _uuids, unique=True))),
        context_length=draw(_maybe(_count)),
        memory_fraction=draw(_maybe(st.floats(0, 1, exclude_min=True))),
        kv_cache_gib=draw(_maybe(st.floats(min_value=0, max_value=1e3, exclude_min=True))),
        max_sequences=draw(_maybe(_count)),
        chunked_prefill=draw(_maybe(st.booleans())),
        seed=draw(_maybe(st.integers(0, 2**32 - 1))),
        trust_remote_code=draw(st.booleans()),
        loras=tuple(Lora(name=name, path=draw(_one_line)) for name in names[4:]),
        speculative=draw(
            _maybe(st.builds(Speculative, method=_one_line, model=_one_line, tokens=_few))
        ),
        env=draw(st.dictionaries(_variables, _any_text, max_size=4)),
        extra_args=draw(_arguments),
        ttl_s=draw(_maybe(_number)),
        load_timeout_s=draw(st.floats(min_value=0, max_value=86400, exclude_min=True)),
        concurrency=draw(_maybe(_count)),
        price=draw(
            _maybe(
                st.builds(
                    Price,
                    input_per_million=_number,
                    output_per_million=_number,
                    cached_input_per_million=_maybe(_number),
                )
            )
        ),
    )
