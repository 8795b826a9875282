"""`/api/research`: questions answered from sources, for the owner of this machine alone."""

import asyncio
from typing import Annotated

import msgspec
from litestar import delete, get, post, put
from litestar.params import HeaderParameter
from litestar.response import Response, Stream

from core.api.asking import Asking
from core.api.control import Done, demand_owner
from core.api.sse import numbered, seen, sse_response
from core.application import Application
from core.research.items import stream_of
from core.research.providers import ProviderChange, SearchProviderList
from core.research.research import PlanStep
from core.research.views import NewResearch, ResearchLine, ResearchView, SourceText
from core.research.web.providers import Probe


class ResearchList(msgspec.Struct, frozen=True, kw_only=True):
    """Every run, also the erased, the newest first."""

    runs: tuple[ResearchLine, ...]


class AnswerBack(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is answered to what was asked back; empty: go on without."""

    text: str = ""


class EditedPlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The plan as it is to be."""

    steps: tuple[PlanStep, ...]


class ResumeWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How it is to go on; `model` empty: with the same."""

    model: str = ""


class ChosenProviders(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where it is to search from now on, by name."""

    providers: tuple[str, ...]


class Hosts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hosts of private networks that may be read: `wiki.home`, `wiki.home:8080`, `*.home`."""

    private_hosts: tuple[str, ...]


class ProbeWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """With a key that is not saved yet, or the saved one."""

    key: str = ""


class Conversing(msgspec.Struct, frozen=True, kw_only=True):
    """The conversation that has the report in it."""

    conversation_id: str


@get("/research")
async def list_research(
    application: Application, asking: Asking, at: int | None = None
) -> ResearchList:
    """Every run there is, or as they stood after event `at`; erased ones without question."""
    demand_owner(asking, "see research")
    then = None if at is None else await asyncio.to_thread(application.past.research, at)
    return ResearchList(runs=await application.research.list(then))


@post("/research", status_code=201)
async def begin_research(
    application: Application, asking: Asking, data: NewResearch
) -> ResearchView:
    """Ask for one; it goes on by itself, whoever looks or not."""
    demand_owner(asking, "ask for research")
    return await application.research.begin(data, actor=asking.actor)


@get("/research/{research_id:str}")
async def read_research(
    application: Application, asking: Asking, research_id: str, at: int | None = None
) -> ResearchView:
    """One with all that is known of it, or was after event `at`."""
    demand_owner(asking, "read research")
    return await application.research.read(research_id, at=at)


@delete("/research/{research_id:str}", status_code=200)
async def erase_research(application: Application, asking: Asking, research_id: str) -> Done:
    """Destroy its key and its captured pages; that it was there stays in the log."""
    demand_owner(asking, "erase research")
    await application.research.erase(research_id, actor=asking.actor)
    application.mcp.calls.forget(stream_of(research_id))  # what its searches were called with
    return Done()


@post("/research/{research_id:str}/answer", status_code=200)
async def answer_research(
    application: Application, asking: Asking, research_id: str, data: AnswerBack | None = None
) -> ResearchView:
    """Answer what it asked back."""
    demand_owner(asking, "answer research")
    return await application.research.answer(
        research_id, (data or AnswerBack()).text, actor=asking.actor
    )


@put("/research/{research_id:str}/plan")
async def edit_research_plan(
    application: Application, asking: Asking, research_id: str, data: EditedPlan
) -> ResearchView:
    """Put another plan in the place of its own, before it starts."""
    demand_owner(asking, "change the plan of research")
    return await application.research.edit_plan(research_id, data.steps, actor=asking.actor)


@post("/research/{research_id:str}/start", status_code=200)
async def start_research(
    application: Application, asking: Asking, research_id: str
) -> ResearchView:
    """Accept the plan."""
    demand_owner(asking, "start research")
    return await application.research.start(research_id, actor=asking.actor)


@post("/research/{research_id:str}/pause", status_code=200)
async def pause_research(
    application: Application, asking: Asking, research_id: str
) -> ResearchView:
    """Do nothing more until it is resumed."""
    demand_owner(asking, "pause research")
    return await application.research.pause(research_id, actor=asking.actor)


@post("/research/{research_id:str}/resume", status_code=200)
async def resume_research(
    application: Application, asking: Asking, research_id: str, data: ResumeWish | None = None
) -> ResearchView:
    """Go on where it was left: paused, stopped or failed."""
    demand_owner(asking, "resume research")
    return await application.research.resume(
        research_id, model=(data or ResumeWish()).model, actor=asking.actor
    )


@put("/research/{research_id:str}/providers")
async def choose_research_providers(
    application: Application, asking: Asking, research_id: str, data: ChosenProviders
) -> ResearchView:
    """Let it search elsewhere, while it rests or before it starts; what was found stays."""
    demand_owner(asking, "change where research searches")
    return await application.research.choose_providers(
        research_id, data.providers, actor=asking.actor
    )


@post("/research/{research_id:str}/stop", status_code=200)
async def stop_research(application: Application, asking: Asking, research_id: str) -> ResearchView:
    """End it with what it has."""
    demand_owner(asking, "stop research")
    return await application.research.stop(research_id, actor=asking.actor)


@post("/research/{research_id:str}/conversation", status_code=201)
async def converse_about_research(
    application: Application, asking: Asking, research_id: str
) -> Conversing:
    """A conversation that begins with the report."""
    demand_owner(asking, "start conversations")
    which = await application.research.converse(research_id, actor=asking.actor)
    return Conversing(conversation_id=which)


@get("/research/{research_id:str}/sources/{n:int}")
async def read_source(
    application: Application, asking: Asking, research_id: str, n: int, at: int | None = None
) -> SourceText:
    """A captured page, with the passages that were taken from it, up to event `at`."""
    demand_owner(asking, "read research")
    return await application.research.source(research_id, n, at=at)


@get("/research/{research_id:str}/export")
async def export_research(
    application: Application,
    asking: Asking,
    research_id: str,
    format: str = "markdown",
    at: int | None = None,
) -> Response[bytes]:
    """The report as `markdown` with its bibliography, its sources as `bibtex`, all as `json`."""
    demand_owner(asking, "export research")
    told = await application.research.export(research_id, format, at=at)
    return Response(
        told.data,
        media_type=told.mime,
        headers={"content-disposition": f'attachment; filename="{told.name}"'},
    )


@get("/research/{research_id:str}/follow")
async def follow_research(
    application: Application,
    asking: Asking,
    research_id: str,
    after: int = 0,
    last_event_id: Annotated[str | None, HeaderParameter(name="last-event-id")] = None,
) -> Stream:
    """How it is, each time it changes, numbered by its position; ends with the run."""
    demand_owner(asking, "read research")
    start = seen(last_event_id)
    views = await application.research.follow(research_id, after if start is None else start)
    return sse_response(numbered("run", views, application.stopping))


@get("/research/providers")
async def list_search_providers(application: Application, asking: Asking) -> SearchProviderList:
    """Where research may search, and what is missing where it can not."""
    demand_owner(asking, "see search providers")
    return application.research.desk.list(application.research.web)


@put("/research/providers")
async def save_search_provider(
    application: Application, asking: Asking, data: ProviderChange
) -> SearchProviderList:
    """Configure one of them; its key is kept apart, and told to nobody."""
    demand_owner(asking, "change search providers")
    await application.research.desk.save(data, actor=asking.actor)
    return application.research.desk.list(application.research.web)


@delete("/research/providers/{name:str}", status_code=200)
async def remove_search_provider(
    application: Application, asking: Asking, name: str
) -> SearchProviderList:
    """Forget how it was configured, and its key."""
    demand_owner(asking, "change search providers")
    await application.research.desk.remove(name, actor=asking.actor)
    return application.research.desk.list(application.research.web)


@post("/research/providers/{name:str}/probe", status_code=200)
async def probe_search_provider(
    application: Application, asking: Asking, name: str, data: ProbeWish | None = None
) -> Probe:
    """Try it: one search for one word."""
    demand_owner(asking, "try search providers")
    return await application.research.desk.probe(
        name, application.research.web, key=(data or ProbeWish()).key
    )


@put("/research/hosts")
async def allow_private_hosts(
    application: Application, asking: Asking, data: Hosts
) -> SearchProviderList:
    """Let pages of these private hosts be read; all other private addresses stay refused."""
    demand_owner(asking, "change what research may read")
    await application.research.desk.allow_hosts(data.private_hosts, actor=asking.actor)
    return application.research.desk.list(application.research.web)


HANDLERS = (
    list_research,
    begin_research,
    list_search_providers,
    save_search_provider,
    remove_search_provider,
    probe_search_provider,
    allow_private_hosts,
    read_research,
    erase_research,
    answer_research,
    edit_research_plan,
    start_research,
    pause_research,
    resume_research,
    choose_research_providers,
    stop_research,
    converse_about_research,
    read_source,
    export_research,
    follow_research,
)
