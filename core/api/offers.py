"""`/api/virtual-models` and `/api/providers`: what may be asked for beside recipes.

Providers are for the owner of this machine alone: through them requests leave it, and cost money.
An API key goes in here and never comes out.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any

import msgspec
from litestar import delete, get, post

from core.api.asking import Asking
from core.api.control import demand_owner
from core.application import Application
from core.errors import Invalid
from core.gateway.routes import Routes
from core.offers.provider import KINDS, OfferedModel, Provider, RemoteModel
from core.offers.virtual import VirtualModel
from core.recipes.problem import Problem

ROUTED_S = 5.0  # a gateway that is restarting is not waited for: requests do that themselves


class VirtualView(msgspec.Struct, frozen=True, kw_only=True):
    """A virtual model, and the names that a request for it would be tried with now."""

    model: VirtualModel
    now: tuple[str, ...]
    problems: tuple[Problem, ...] = ()


class VirtualList(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of GET /api/virtual-models, by name."""

    virtual_models: tuple[VirtualView, ...]


class ProviderWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of POST /api/providers; without `api_key` a provider keeps the one it has."""

    id: str
    kind: str
    models: tuple[OfferedModel, ...]
    api_base: str | None = None
    api_key: str | None = None


class ProviderView(msgspec.Struct, frozen=True, kw_only=True):
    """A provider as people see it: whether it has an API key, and no letter of it."""

    id: str
    kind: str
    api_base: str | None
    has_key: bool
    models: tuple[OfferedModel, ...]
    names: tuple[str, ...]  # what its models are asked for by here, in the order of `models`
    problems: tuple[Problem, ...] = ()


class ProviderList(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of GET /api/providers, by id; `kinds`: those that can be saved."""

    providers: tuple[ProviderView, ...]
    kinds: tuple[str, ...]


@get("/virtual-models")
async def list_virtual_models(application: Application) -> VirtualList:
    """Every virtual model."""
    models = application.offers.virtual_models()
    return VirtualList(virtual_models=tuple(virtual_view(application, one) for one in models))


@post("/virtual-models", status_code=200)
async def save_virtual_model(
    application: Application, asking: Asking, data: dict[str, Any]
) -> VirtualView:
    """Save one, new or changed; it may be asked for from now on."""
    try:
        model = msgspec.convert(data, VirtualModel)
    except msgspec.ValidationError as error:
        raise Invalid(f"this is no virtual model: {error}", code="offer-invalid") from None
    await application.offer_desk.save_virtual(model, actor=asking.actor)
    return virtual_view(application, model)


@delete("/virtual-models/{name:path}", status_code=204)
async def remove_virtual_model(application: Application, asking: Asking, name: str) -> None:
    """Offer it no more."""
    await application.offer_desk.remove_virtual(name.lstrip("/"), actor=asking.actor)


@get("/providers")
async def list_providers(application: Application, asking: Asking) -> ProviderList:
    """Every provider, without its key."""
    demand_owner(asking, "see its providers")
    providers = application.offers.providers()
    return ProviderList(
        providers=tuple(provider_view(provider) for provider in providers), kinds=tuple(KINDS)
    )


@post("/providers", status_code=200)
async def save_provider(
    application: Application, asking: Asking, data: ProviderWish
) -> ProviderView:
    """Save one, new or changed; requests for its models leave this machine from now on."""
    demand_owner(asking, "let requests go to a provider")
    provider = Provider(id=data.id, kind=data.kind, models=data.models, api_base=data.api_base)
    problems = await application.offer_desk.save_provider(
        provider, api_key=data.api_key, actor=asking.actor
    )
    saved = application.offers.provider(data.id) or provider
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(ROUTED_S):
            await routed(application.routes, [model.name for model in saved.remote_models])
    return msgspec.structs.replace(provider_view(saved), problems=problems)


@delete("/providers/{provider_id:str}", status_code=204)
async def remove_provider(application: Application, asking: Asking, provider_id: str) -> None:
    """Ask it no more, from this moment on, and forget its API key."""
    demand_owner(asking, "remove a provider")
    await application.offer_desk.remove_provider(provider_id, actor=asking.actor)


async def routed(routes: Routes, names: Sequence[str]) -> None:
    """Return when all of these may be asked for. The caller sets the deadline."""
    changed = asyncio.Event()
    stop_listening = routes.listen(changed.set)
    try:
        while any(routes.current.get(name) is None for name in names):
            changed.clear()
            await changed.wait()
    finally:
        stop_listening()


def virtual_view(application: Application, model: VirtualModel) -> VirtualView:
    """With what its members are worth now."""
    problems = application.offer_desk.unknown_names(
        members=model.members, fallbacks=model.fallbacks
    )
    now = application.choices.chain(model.name) or ()
    return VirtualView(model=model, now=now, problems=tuple(problems))


def provider_view(provider: Provider) -> ProviderView:
    """What may be seen of it."""
    remote: tuple[RemoteModel, ...] = provider.remote_models
    return ProviderView(
        id=provider.id,
        kind=provider.kind,
        api_base=provider.api_base,
        has_key=provider.key_kept_as is not None,
        models=provider.models,
        names=tuple(model.name for model in remote),
    )


HANDLERS = (
    list_virtual_models,
    save_virtual_model,
    remove_virtual_model,
    list_providers,
    save_provider,
    remove_provider,
)
