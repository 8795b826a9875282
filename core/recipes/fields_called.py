"""The rows of `fields.py` about requests: by which names, with what changes, from which answers."""

from core.recipes.field import group, row

CALLED = group(
    "called",
    row(
        "served_name",
        "Served name",
        "The model name that clients ask for; the id when empty.",
        also=("served_model_name",),
    ),
    row("aliases", "Aliases", "Further names that clients may use.", also=("alias",)),
    row(
        "unlisted",
        "Unlisted",
        "It is served when named, but does not stand in the list of models.",
        also=("hidden",),
    ),
    row(
        "use_model_name",
        "Model name upstream",
        "What the engine is sent as model, when it knows the model by another name.",
        also=("useModelName",),
    ),
    row(
        "strip_params",
        "Strip parameters",
        "Fields that are taken out of requests before the engine sees them.",
        also=("stripParams",),
    ),
    row(
        "set_params",
        "Set parameters",
        "Fields that requests get, whatever the caller sent, such as top_k = 20.",
        also=("setParams",),
    ),
    row(
        "presets",
        "Presets",
        "Further names, each with the fields that requests by it get, such as temperature = 0.",
    ),
    row(
        "lane",
        "Lane",
        "Through LiteLLM, or straight to the engine, byte for byte.",
        suggestions=("gateway", "direct"),
    ),
    row(
        "fallbacks",
        "Fallbacks",
        "Models that are asked in turn when this one can not answer.",
        also=("fallback",),
    ),
    row(
        "cache",
        "Cache answers",
        "Who asks exactly the same again gets the answer that was given before.",
        also=("response_cache",),
    ),
    row(
        "cache_ttl_s",
        "Keep answers for",
        "How long an answer in the cache is given again.",
        unit="s",
        above=0,
        maximum=31_536_000,
        also=("cache_ttl",),
    ),
    row(
        "cache_shared",
        "Share answers",
        "Answers are shared between keys; otherwise each key gets only its own.",
    ),
    row(
        "single_flight",
        "Ask once",
        "The same requests at the same time share one answer, when no lot is drawn for it.",
        also=("coalesce",),
    ),
)
