"""How `transformers serve` is launched: the lightest real engine, for a machine without a GPU.

Measured on 5.23: `model` in a request must equal the folder it was started with, exactly; there is
no API key; `/v1/models` is empty or an error; `/health` is good. So readiness is health and one
answered token.
"""

from collections.abc import Mapping

from core.engines.environment import child_environment
from core.engines.flags import Table, flags_of, switch, value
from core.engines.launch_spec import NEUTRAL, LaunchSpec
from core.recipes.recipe import Recipe
from core.runtimes.runtime import Runtime
from core.settings import Paths

HOST = "127.0.0.1"

FLAGS: Table = {
    "quantization": value("--quantization"),
    "dtype": value("--dtype"),
    "seed": value("--default-seed"),
    "trust_remote_code": switch("--trust-remote-code"),
}


def build(
    recipe: Recipe,
    *,
    runtime: Runtime,
    port: int,
    api_key: str | None,
    paths: Paths,
    env: Mapping[str, str],
) -> LaunchSpec:
    """The command for this recipe. `env` is the host's environment; nothing is read from disk.

    `api_key` is not used: the engine knows none, and listens on loopback only.
    """
    del api_key
    return LaunchSpec(
        argv=(
            *(str(runtime.python), "-m", "transformers.cli.transformers", "serve", recipe.model),
            *("--host", HOST, "--port", str(port)),
            *flags_of(recipe, FLAGS),
            *recipe.extra_args,
        ),
        env=child_environment(
            env, model=recipe.model, devices=recipe.devices, recipe_env=recipe.env
        ),
        cwd=paths.run / NEUTRAL,
        model_name=recipe.model,
        api_key=None,
        models_path=None,
        must_answer=True,
    )
