"""Fields of a request by which a caller would steer LiteLLM itself instead of the model.

Through them a request could reach other hosts, invent answers, take other models behind our back
or hide its usage. Engines know none of them, so neither callers nor recipes may set them.
LiteLLM takes whatever it knows from a body before what its configuration says; a contract test
holds this list against its own (`tests/contracts/test_litellm_package.py`).
"""

FIELDS = frozenset(
    {
        # where to, as whom, how often
        "api_base", "api_key", "api_version", "base_url", "custom_llm_provider", "deployment_id",
        "extra_headers", "extra_query", "headers", "max_retries", "model_info", "model_list",
        "num_retries", "organization", "provider_affinity_header", "provider_specific_header",
        "region_name", "retry_policy", "retry_strategy", "specific_deployment", "ssl_verify",
        "user_config", "allowed_model_region", "configurable_clientside_auth_params",
        "data_residency", "cooldown_time",
        # another model, another provider
        "base_model", "content_policy_fallbacks", "context_window_fallback_dict",
        "context_window_fallbacks", "disable_fallbacks", "fallback_depth", "fallbacks",
        "max_fallbacks", "model_alias_map", "model_config", "model_file_id_mapping",
        "router_settings_override", "routing_strategy", "silent_model", "attempted_targets",
        "fastest_response", "enable_tag_filtering", "tag_regex",
        # what it does besides
        "cache", "cache_key", "caching", "caching_groups", "callbacks", "guardrails", "hooks",
        "logger_fn", "no-log", "policies", "preset_cache_key", "proxy_server_request",
        "search_tool_name", "secret_fields", "max_agentic_loops", "log_client_error_tracebacks",
        # how it asks, and how long it waits
        "allow_client_keepalive_override", "allowed_openai_params", "client_side_timeout",
        "disable_add_transform_inline_image_block", "enable_json_schema_validation",
        "enable_prompt_caching", "ensure_alternating_roles", "force_timeout", "keepalive_seconds",
        "max_file_size_mb", "merge_reasoning_content_in_choices", "request_timeout",
        "stream_chunk_size", "stream_response", "stream_timeout", "supports_system_message",
        "use_chat_completions_api", "use_client", "use_in_pass_through", "use_litellm_proxy",
        "use_xai_oauth", "stream_timeout_by_service_tier", "timeout_by_service_tier",
        # prompts that it would put together
        "assistant_continue_message", "bos_token", "custom_prompt_dict", "eos_token",
        "final_prompt_value", "hf_model_name", "initial_prompt_value", "prompt_environment",
        "prompt_id", "prompt_label", "prompt_variables", "prompt_version", "roles",
        "user_continue_message",
        # arguments of its own functions, which would fail
        "acompletion", "aembedding", "aimg_generation", "allm_passthrough_route", "async_call",
        "atext_completion", "azure", "client", "complete_response", "completion_call_id", "self",
        "shared_session", "text_completion",
        # its budgets and prices
        "budget_duration", "cost_per_query", "itpm", "max_budget", "max_parallel_requests", "otpm",
        "rpm", "tpm",
    }
)  # fmt: skip
PREFIXES = (
    "litellm_", "mock_", "user_api_key", "_", "adaptive_router_", "anthropic_disable_",
    "anthropic_federation_", "anthropic_identity_", "anthropic_issuer_", "anthropic_keycloak_",
    "anthropic_organization_", "anthropic_service_account_", "arize_", "auto_router_", "aws_",
    "azure_", "client_secret", "complexity_router_", "default_api_key_", "langfuse_", "langsmith_",
    "openai_identity_", "openai_service_account_", "quality_router_", "s3_",
)  # fmt: skip
LAID_OVER = "extra_body"  # an object that LiteLLM lays over what it sends
_IN_THERE = frozenset({"model", LAID_OVER})


def steers(name: str) -> bool:
    """Whether a field of this name is for LiteLLM and not for the model."""
    return name in FIELDS or name.startswith(PREFIXES)


def steers_from_within(name: str) -> bool:
    """The same of a field in `extra_body`, where a model would be one that nobody permitted."""
    return name in _IN_THERE or steers(name)
