"""What LiteLLM is told."""

import os
from pathlib import Path

import msgspec
import pytest
import yaml

from core.gateway import litellm_config
from core.recipes.recipe import Lora, Price, Recipe
from core.settings import Settings

URL = "postgresql://u:pw@h/d"


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """A ready engine."""

    engine_id: str = "engine-1"
    host: str = "127.0.0.1"
    port: int = 8000
    model_name: str = "inner"
    api_key: str | None = "sk-engine"


def test_a_deployment_bears_the_public_name_and_calls_the_engine_by_its_own() -> None:
    """So that answers name what the recipe says, whatever alias was asked (C04)."""
    recipe = Recipe(
        id="q", served_name="Qwen", aliases=("gpt-4o",), price=Price(input_per_million=2)
    )
    made = litellm_config.deployment(recipe, Ready())
    assert made["model_name"] == "Qwen"
    assert made["litellm_params"] == {
        "model": "hosted_vllm/inner",
        "api_base": "http://127.0.0.1:8000/v1",
        "api_key": "sk-engine",
        "allowed_openai_params": ["verbosity"],
    }
    assert made["model_info"]["id"] == "engine-1"
    assert made["model_info"]["input_cost_per_token"] == 2e-6


def test_an_adapter_is_a_model_of_its_own_on_the_same_engine() -> None:
    """A LoRA is asked for by its name, which the engine knows it by."""
    recipe = Recipe(id="q", loras=(Lora(name="law", path="/law"),))
    base, law = litellm_config.routing([(recipe, Ready())])["model_list"]
    assert (base["model_name"], law["model_name"]) == ("q", "law")
    assert law["litellm_params"]["model"] == "hosted_vllm/law"
    assert law["litellm_params"]["api_base"] == base["litellm_params"]["api_base"]
    assert law["model_info"]["id"] != base["model_info"]["id"]


def test_an_engine_elsewhere_is_reached_where_the_setting_says() -> None:
    """INFERENCE_API_BASE."""
    made = litellm_config.deployment(Recipe(id="q"), Ready(), api_base="http://gpu.example/v1")
    assert made["litellm_params"]["api_base"] == "http://gpu.example/v1"


def test_the_configuration_holds_no_secret_and_no_model() -> None:
    """Both come later, over HTTP."""
    config = yaml.safe_load(litellm_config.config_text())
    assert "model_list" not in config
    assert config["general_settings"]["master_key"] == "os.environ/LITELLM_MASTER_KEY"


def test_nothing_is_tried_twice_behind_our_back() -> None:
    """A retry could repeat a started answer; a cooldown would refuse what can be served."""
    config = yaml.safe_load(litellm_config.config_text())
    assert config["router_settings"]["num_retries"] == 0
    assert config["litellm_settings"]["num_retries"] == 0
    assert config["router_settings"]["disable_cooldowns"] is True
    assert config["general_settings"]["cancel_on_disconnect"] is True


def test_the_environment_is_made_for_it_and_silent() -> None:
    """No database, no paths of ours, no secrets of others, no network."""
    host = {
        "PATH": "/bin", "PYTHONPATH": "/ours", "DATABASE_URL": "postgresql://x", "HF_TOKEN": "t",
        "OPENAI_API_KEY": "k", "HTTPS_PROXY": "p", "VLLM_STUDIO_API_KEY": "s",
    }  # fmt: skip
    made = litellm_config.environment(host, home=Path("h"), master_key="m", internal_key="i")
    assert made["PATH"] == "/bin"
    assert not set(made) & (set(host) - {"PATH"})
    assert made["LITELLM_OFFLINE_MODE"] == "true"
    assert int(made["AIOHTTP_KEEPALIVE_TIMEOUT"]) < 5


@pytest.mark.parametrize(
    ("url", "wanted", "told"),
    [
        (URL, True, URL),
        (URL, False, None),
        (None, True, None),
        ("", True, None),
    ],
)
def test_litellm_knows_the_database_only_when_somebody_asked_for_its_own_mode(
    url: str | None, wanted: bool, told: str | None
) -> None:
    """Its keys are not ours and it needs the internet, so a database alone is not a wish for it."""
    settings = Settings(home=Path("h"), database_url=url, litellm_database=wanted)
    made = litellm_config.environment(
        {"DATABASE_URL": "postgresql://the-hosts"},
        home=Path("h"),
        master_key="m",
        internal_key="i",
        database_url=settings.litellms_database_url,
    )
    assert made.get("DATABASE_URL") == told
    config = yaml.safe_load(litellm_config.config_text(database=told is not None))
    assert config["general_settings"]["disable_spend_logs"] is (told is None)


def test_it_listens_on_loopback_only() -> None:
    """Nobody walks around the controller from elsewhere."""
    line = litellm_config.argv(Path("python"), Path("config.yaml"), 4000)
    assert line[line.index("--host") + 1] == "127.0.0.1"
    assert line[line.index("--num_workers") + 1] == "1"
    assert os.sep not in line[2]
