"""The remote provider: somebody else's models, asked through LiteLLM with a key of the owner's.

Only kinds are offered that need an address and a key and nothing more. The table says which
prefix LiteLLM knows them by; a contract test holds it against LiteLLM itself.
"""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import msgspec

from core.recipes.problem import Problem, doubtful, wrong
from core.recipes.recipe import Price

ANY_SERVER = "openai-compatible"
KINDS: dict[str, str] = {
    ANY_SERVER: "hosted_vllm",  # vLLM, SGLang, llama.cpp, …: chat, embeddings, messages, rerank
    "anthropic": "anthropic",
    "cerebras": "cerebras",
    "cohere": "cohere_chat",
    "deepinfra": "deepinfra",
    "deepseek": "deepseek",
    "fireworks": "fireworks_ai",
    "gemini": "gemini",
    "groq": "groq",
    "mistral": "mistral",
    "nvidia": "nvidia_nim",
    "openai": "openai",
    "openrouter": "openrouter",
    "perplexity": "perplexity",
    "together": "together_ai",
    "xai": "xai",
}
MOST_MODELS = 200
_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class OfferedModel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One model of a provider."""

    model: str  # the provider's own name for it
    name: str = ""  # what it is asked for by here; empty: `<provider>/<model>`
    price: Price | None = None
    unlisted: bool = False


class Provider(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom the owner lets requests go to, and for what."""

    id: str
    kind: str
    models: tuple[OfferedModel, ...]
    api_base: str | None = None  # None: where LiteLLM knows the provider to be
    key_kept_as: str | None = None  # the name of the API key's file

    @property
    def remote_models(self) -> tuple["RemoteModel", ...]:
        """Its models as they are routed."""
        return tuple(
            RemoteModel(
                name=offered.name or f"{self.id}/{offered.model}",
                model=offered.model,
                provider_id=self.id,
                prefix=KINDS.get(self.kind, self.kind),
                api_base=self.api_base,
                key_kept_as=self.key_kept_as,
                price=offered.price,
                unlisted=offered.unlisted,
            )
            for offered in self.models
        )


class RemoteModel(msgspec.Struct, frozen=True, kw_only=True):
    """One model elsewhere, as it is asked for and reached."""

    name: str
    model: str
    provider_id: str
    prefix: str  # LiteLLM's
    api_base: str | None = None
    key_kept_as: str | None = None
    price: Price | None = None
    unlisted: bool = False

    @property
    def recipe_id(self) -> str:
        """What stands in records where a recipe's id would."""
        return f"remote:{self.provider_id}/{self.model}"


def problems_of(provider: Provider) -> Iterator[Problem]:
    """What is wrong with it, or worth a second look."""
    if _ID.fullmatch(provider.id) is None:
        yield wrong(
            "id",
            f"{provider.id!r} can not be a provider's id: lower case letters, digits, '-' and '_', "
            "at most 40, with a letter or digit at the beginning",
        )
    if provider.kind not in KINDS:
        known = ", ".join(KINDS)
        yield wrong("kind", f"There is no kind of provider {provider.kind!r}; known: {known}")
    elif provider.key_kept_as is None and provider.kind != ANY_SERVER:
        yield wrong("api_key", f"{provider.kind} demands an API key")
    yield from _address(provider)
    yield from _models(provider)


def _address(provider: Provider) -> Iterator[Problem]:
    if provider.api_base is None:
        if provider.kind == ANY_SERVER:
            yield wrong("api_base", f"{ANY_SERVER} needs an api_base such as http://host:8000/v1")
        return
    try:
        parts = urlsplit(provider.api_base)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https") or not provider.api_base.isprintable():
        yield wrong("api_base", "api_base should be an address such as https://host/v1")
    elif parts.username or parts.password or parts.query or parts.fragment:
        yield wrong("api_base", "api_base holds more than an address; give the key as api_key")
    elif parts.scheme == "http" and provider.key_kept_as and host not in _LOOPBACK:
        yield doubtful("api_base", "The API key and every request travel there unencrypted")


def _models(provider: Provider) -> Iterator[Problem]:
    if not 1 <= len(provider.models) <= MOST_MODELS:
        yield wrong("models", f"A provider offers 1 to {MOST_MODELS} models")
    seen: set[str] = set()
    for index, remote in enumerate(provider.remote_models):
        path = f"models[{index}]"
        for what, name in (("model", remote.model), ("name", remote.name)):
            if not _is_name(name):
                yield wrong(f"{path}.{what}", f"{path}.{what} should be a name without '*'")
        if remote.name in seen:
            yield wrong(f"{path}.name", f"{remote.name!r} is offered twice")
        seen.add(remote.name)
        for field, value in (msgspec.structs.asdict(remote.price) if remote.price else {}).items():
            if value is not None and not 0 <= value < 1e9:
                at = f"{path}.price.{field}"
                yield wrong(at, f"{at} should be at least 0, not {value}")


def _is_name(name: str) -> bool:
    plain = name.isprintable() and name == name.strip()
    return plain and 1 <= len(name) <= 200 and "*" not in name
