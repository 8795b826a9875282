"""Fields of a request by which a caller would steer LiteLLM itself instead of the model.

Through them a request could reach other hosts, invent answers, take other models behind our back
or hide its usage. Engines know none of them, so neither callers nor recipes may set them.
"""

FIELDS = frozenset(
    {
        "api_base", "api_key", "api_version", "base_url", "cache", "callbacks",
        "content_policy_fallbacks", "context_window_fallback_dict", "context_window_fallbacks",
        "custom_llm_provider", "deployment_id", "disable_fallbacks", "fallbacks", "guardrails",
        "headers", "extra_headers", "hooks", "max_retries", "model_info", "model_list", "no-log",
        "num_retries", "policies", "proxy_server_request", "region_name",
        "router_settings_override", "specific_deployment", "user_config",
    }
)  # fmt: skip
PREFIXES = ("litellm_", "mock_", "user_api_key")


def steers(name: str) -> bool:
    """Whether a field of this name is for LiteLLM and not for the model."""
    return name in FIELDS or name.startswith(PREFIXES)
