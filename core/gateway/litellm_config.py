"""What LiteLLM is told: its configuration, its command line, its environment, and the routing.

Pure. The configuration never changes while LiteLLM runs and names no model: the routing is put to
it over HTTP (core/gateway/litellm_plugin.py), so that a switch needs no restart and no engine's
key is written to a file.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

import yaml

from core.recipes.recipe import Price, Recipe

HOST = "127.0.0.1"
PLUGIN = "vllm_studio_plugin"
INTERNAL_KEY = "VLLM_STUDIO_GATEWAY_KEY"
ENGINE = "hosted_vllm"  # LiteLLM's word for an engine
PASSED_ON = {"allowed_openai_params": ["verbosity"]}  # it refuses what it thinks engines lack
KEEP_ALIVE_S = 75  # longer than our pool keeps idle connections
FOR_EVER_S = (
    86_400.0  # generation has no deadline of the gateway's; a hung engine is seen elsewhere
)
FROM_HOST = ("PATH", "TZ", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "WINDIR", "COMSPEC", "PATHEXT")


class Endpoint(Protocol):
    """A ready engine, such as `core.engines.fleet.Endpoint`."""

    @property
    def engine_id(self) -> str:
        """This run of the engine."""
        ...

    @property
    def host(self) -> str:
        """Where it listens."""
        ...

    @property
    def port(self) -> int:
        """The port it listens on."""
        ...

    @property
    def model_name(self) -> str:
        """What the engine itself calls its model."""
        ...

    @property
    def api_key(self) -> str | None:
        """The key it demands."""
        ...


class Remote(Protocol):
    """A model elsewhere, such as `core.offers.provider.RemoteModel`."""

    @property
    def name(self) -> str:
        """What it is asked for by here."""
        ...

    @property
    def model(self) -> str:
        """What its provider calls it."""
        ...

    @property
    def provider_id(self) -> str:
        """Whose it is."""
        ...

    @property
    def prefix(self) -> str:
        """LiteLLM's word for the provider's kind."""
        ...

    @property
    def api_base(self) -> str | None:
        """Where it is; None: LiteLLM knows."""
        ...

    @property
    def key_kept_as(self) -> str | None:
        """The name of its API key's file."""
        ...

    @property
    def price(self) -> Price | None:
        """What its tokens cost."""
        ...

    @property
    def recipe_id(self) -> str:
        """What stands in records where a recipe's id would."""
        ...


def deployment(
    recipe: Recipe, endpoint: Endpoint, *, api_base: str | None = None
) -> dict[str, Any]:
    """One engine as a LiteLLM deployment, under the recipe's public name.

    LiteLLM repeats in answers the name it was asked by, so the answer names what the recipe says.
    """
    input_price, output_price = prices(recipe.price)
    return {
        "model_name": recipe.public_name,
        "litellm_params": {
            "model": f"{ENGINE}/{recipe.use_model_name or endpoint.model_name}",
            "api_base": api_base or f"http://{endpoint.host}:{endpoint.port}/v1",
            "api_key": endpoint.api_key or "none",
            **PASSED_ON,
        },
        "model_info": {
            "id": endpoint.engine_id,
            "input_cost_per_token": input_price,
            "output_cost_per_token": output_price,
        },
    }


def engine_model(name: str, recipe: Recipe, endpoint: Endpoint) -> str:
    """What the engine is to be asked for when a request names `name`."""
    return name if name in recipe.adapters else recipe.use_model_name or endpoint.model_name


def adapter(
    recipe: Recipe, endpoint: Endpoint, name: str, *, api_base: str | None = None
) -> dict[str, Any]:
    """A LoRA adapter of the engine: the same server, asked for by the adapter's own name."""
    base = deployment(recipe, endpoint, api_base=api_base)
    return {
        "model_name": name,
        "litellm_params": base["litellm_params"] | {"model": f"{ENGINE}/{name}"},
        "model_info": base["model_info"] | {"id": f"{endpoint.engine_id}/{name}"},
    }


def remote_deployment(model: Remote, api_key: str | None) -> dict[str, Any]:
    """A provider's model. Only the plugin's door is told the key: no file, no command line."""
    input_price, output_price = prices(model.price)
    where = {"api_base": model.api_base} if model.api_base else {}
    return {
        "model_name": model.name,
        "litellm_params": {
            "model": f"{model.prefix}/{model.model}",
            "api_key": api_key or "none",
            **where,
            **(PASSED_ON if model.prefix == ENGINE else {}),
        },
        "model_info": {
            "id": f"remote:{model.name}",
            "provider": model.provider_id,
            "input_cost_per_token": input_price,
            "output_cost_per_token": output_price,
        },
    }


def routing(
    engines: Iterable[tuple[Recipe, Endpoint]],
    *,
    api_base: str | None = None,
    remote: Iterable[tuple[Remote, str | None]] = (),
) -> dict[str, Any]:
    """The whole routing, as the plugin takes it; `remote` are models with their API keys."""
    return {
        "model_list": [
            *(
                one
                for recipe, endpoint in engines
                for one in (
                    deployment(recipe, endpoint, api_base=api_base),
                    *(
                        adapter(recipe, endpoint, name, api_base=api_base)
                        for name in recipe.adapters
                    ),
                )
            ),
            *(remote_deployment(model, api_key) for model, api_key in remote),
        ]
    }


def config_text(*, database: bool = False) -> str:
    """`config.yaml`; with a `database` of its own LiteLLM writes there what requests cost.

    No retries: a retry would repeat a request that an engine refused or died of, LiteLLM would
    begin some streams anew, and what retries would mend (stale pooled connections) can not
    happen, because the pool forgets them before any engine closes them. No cooldowns: there is
    one deployment for a model, and sparing it would refuse requests that it could serve.
    """
    config = {
        "general_settings": {
            "master_key": "os.environ/LITELLM_MASTER_KEY",
            "custom_auth": f"{PLUGIN}.only_the_studio",
            "cancel_on_disconnect": True,
            "disable_spend_logs": not database,
            # the engine knows its own answers: on the direct lane LiteLLM did not see them
            "allow_unmanaged_response_ids": True,
        },
        "litellm_settings": {
            "callbacks": [f"{PLUGIN}.usage"],
            "turn_off_message_logging": True,
            "num_retries": 0,
            "request_timeout": FOR_EVER_S,
            "drop_params": False,
            "disable_stop_sequence_limit": True,  # or the fifth and all after it are left out
        },
        "router_settings": {
            "num_retries": 0,
            "disable_cooldowns": True,
            "timeout": FOR_EVER_S,
            "stream_timeout": FOR_EVER_S,
        },
    }
    return str(yaml.safe_dump(config, sort_keys=False))


def argv(python: Path, config: Path, port: int) -> tuple[str, ...]:
    """The command line; `-c` because console scripts break when a virtualenv is moved."""
    return (
        str(python),
        "-c",
        "from litellm import run_server; run_server()",
        "--config",
        str(config),
        "--host",
        HOST,
        "--port",
        str(port),
        "--num_workers",
        "1",
        "--keepalive_timeout",
        str(KEEP_ALIVE_S),
    )


def environment(
    host: Mapping[str, str],
    *,
    home: Path,
    master_key: str,
    internal_key: str,
    database_url: str | None = None,
) -> dict[str, str]:
    """Everything LiteLLM gets. Keys, budgets and usage are the studio's own.

    `database_url`: somebody wants LiteLLM's own database mode; the host's is never passed on.
    """
    passed = {name: host[name] for name in FROM_HOST if name in host}
    if database_url:
        passed["DATABASE_URL"] = database_url
    return passed | {
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        "PYTHONUTF8": "1",
        "PYTHONWARNINGS": "ignore",  # pydantic's repeat what an engine has answered
        "LITELLM_MASTER_KEY": master_key,
        INTERNAL_KEY: internal_key,
        "LITELLM_WORKER_STARTUP_HOOKS": f"{PLUGIN}:install",
        "LITELLM_MODE": "PRODUCTION",  # otherwise it reads .env files that it finds
        "LITELLM_LOG": "ERROR",
        # it is to be silent towards everybody but the engines
        "LITELLM_OFFLINE_MODE": "true",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_TELEMETRY_DISABLED": "true",
        "DISABLE_ADMIN_UI": "true",
        "LITELLM_SUPPRESS_STARTUP_OUTPUT": "true",
        "DO_NOT_TRACK": "1",
        # it ends streams that repeat one chunk 100 times: a model may count, or draw a line
        "REPEATED_STREAMING_CHUNK_LIMIT": "1000000000",
        # uvicorn-based engines close idle connections after 5 s; forget them before that
        "AIOHTTP_KEEPALIVE_TIMEOUT": "3",
        # a title would be written over the environment that proves the process is ours
        "SPT_NOENV": "1",
    }


def prices(price: Price | None) -> tuple[float, float]:
    """What a token costs, in and out; nothing when the recipe does not say."""
    if price is None:
        return 0.0, 0.0
    return price.input_per_million / 1e6, price.output_per_million / 1e6
