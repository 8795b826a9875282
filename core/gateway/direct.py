"""The way to an engine past LiteLLM, for the direct lane."""

from core.gateway.litellm_config import Endpoint, engine_model
from core.gateway.native import native_paths
from core.gateway.routes import Direct
from core.recipes.recipe import Recipe

ALWAYS_COUNTS = "--enable-force-include-usage"  # vLLM then tells every client, asked or not


def direct_to(name: str, recipe: Recipe, endpoint: Endpoint) -> Direct:
    """How the engine of a recipe is asked itself when a request names `name`."""
    key = endpoint.api_key
    return Direct(
        host=endpoint.host,
        port=endpoint.port,
        headers=((b"authorization", b"Bearer " + key.encode()),) if key else (),
        model=engine_model(name, recipe, endpoint),
        paths=native_paths(recipe.engine),
        tells_usage=ALWAYS_COUNTS not in recipe.extra_args,
    )
