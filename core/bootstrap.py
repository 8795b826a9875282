"""The composition root: the one place that picks concrete things and ties them together."""

import asyncio
from collections.abc import Callable
from functools import partial

from core.admitting import ask_for_model
from core.answer_policies import answer_cache
from core.application import Application
from core.attachments.attachments import Attachments
from core.attachments.cost import Costs
from core.auditing.checkpointer import Checkpointer
from core.auditing.notes import NotesFolder
from core.auditing.opening import open_for_reading, open_log
from core.auditing.outside import OutsideCheck
from core.auditing.trouble import Trouble
from core.auditing.verification import Verification
from core.blobs import Blobs
from core.captures import Captures, Vault
from core.chat import Chat
from core.chat.costs import ReplyCosts
from core.chat.drafts import Drafts
from core.chat.measuring import Measuring
from core.chat.titles import Titles
from core.chat.tokens import Tokens
from core.chat_models import ChatModels
from core.clock import SystemClock
from core.conversations import Conversations
from core.engines.fleet import Fleet
from core.engines.processes import system_launcher
from core.engines.warm import Spares, WarmLauncher, possible
from core.erasure import SubjectKeys
from core.fit.fitting import Fitting
from core.gateway.admission import Admission
from core.gateway.fetching import Fetching
from core.gateway.gateway import Gateway
from core.gateway.inflight import InFlight
from core.gateway.proxy import Proxy
from core.gateway.routes import Routes
from core.gateway.usage_ledger import UsageLedger
from core.gateway.websocket import WebsocketBridge
from core.hardware.power import PowerReader
from core.installer import Installer
from core.keys.desk import KeyDesk
from core.keys.keyring import KeyRing
from core.keys.limiting import KeyLimiting
from core.live_settings import LiveSettings
from core.loading_progress import feedback_of, last_load_of
from core.log_watch import LogWatch
from core.machine import Machine
from core.mcp.mcp import Mcp
from core.mcp.sign_ins import redirect_to
from core.mirror.mirror import Mirror
from core.models.local import model_folders
from core.monitoring.monitor import Monitor
from core.offers.book import OfferBook
from core.offers.choices import Choices
from core.offers.desk import OfferDesk
from core.past.time_travel import TimeTravel
from core.places import Places
from core.presets import Presets
from core.recipes.book import RecipeBook
from core.research.assembling import research_of
from core.routing import RoutePublisher, may_go_direct
from core.runtimes.runtimes import Runtimes
from core.sealing import Sealing
from core.secrets import Secrets
from core.settings import Settings
from core.start_budget import StartBudget
from core.status_board import StatusBoard
from core.studio import Studio
from core.switching.switchboard import Switchboard
from core.usage.energy import EnergyMeter
from core.usage_log import UsageLog
from events.projections.settings_in_force import settings_in_force


def compose(
    settings: Settings,
    stopping: asyncio.Event,
    request_stop: Callable[..., None],
    *,
    trouble: Trouble | None = None,
) -> Application:
    """Every part, made once and handed to those who need it.

    `trouble`: why the log is only to be read.
    """
    clock = SystemClock()
    secrets = Secrets(settings.paths.secrets)
    for value in settings.secret_values():
        secrets.remember(value)
    if trouble is None:
        opened = open_log(settings, secrets, clock)
    else:
        opened = open_for_reading(settings.paths.main_db, trouble, clock)
    store = opened.store
    with store.reading() as connection:
        live = LiveSettings(settings, settings_in_force(connection))
    launcher = system_launcher()
    spares = Spares(
        folder=settings.paths.cache / "warm",
        enabled=lambda: possible() and live.current.warm_start and not stopping.is_set(),
        idle=lambda: fleet.is_quiet,
    )
    book = RecipeBook(store, default=lambda: live.current.default_recipe)
    offers = OfferBook(store)
    keys = KeyRing(store, clock)
    usage = UsageLog(
        paths=settings.paths,
        clock=clock,
        read_only=opened.trouble is not None,
        check=OutsideCheck(
            lambda _: NotesFolder(live.current.checkpoints), secrets, may_begin=True
        ),
    )
    checkpointer = Checkpointer(
        store=store,
        secrets=secrets,
        settings=lambda: live.current,
        clock=clock,
        notices=opened.notices,
    )
    sealing = Sealing(
        store=store,
        usage=usage,
        paths=settings.paths,
        settings=lambda: live.current,
        clock=clock,
        sign=checkpointer.sign,
    )
    log_watch = LogWatch(
        store=store, usage=usage, clock=clock, serves=lambda: live.current.serve_without_log
    )
    ledger = UsageLedger(
        usage.finished,
        hold=usage.hold,
        price_of=lambda recipe_id: book.price_of(recipe_id) or offers.price_of(recipe_id),
        price_per_kwh=lambda: live.current.electricity_price_per_kwh,
    )
    runtimes = Runtimes(store=store, settings=settings, clock=clock, make_way=spares.leave)
    fleet = Fleet(
        store=store,
        settings=settings,
        secrets=secrets,
        clock=clock,
        launcher=WarmLauncher(launcher, spares),
        runtime_for=runtimes.for_recipe,
        flags_for=runtimes.known_flags,
    )
    gateway = Gateway(
        store=store,
        settings=settings,
        secrets=secrets,
        clock=clock,
        launcher=launcher,
        runtimes=runtimes,
        usage=ledger.reported,
    )
    routes = Routes()
    inflight = InFlight(clock)
    publisher = RoutePublisher(
        fleet=fleet,
        book=book,
        gateway=gateway,
        routes=routes,
        route_for=gateway.route_for,
        remote=offers.remote_models,
        remote_route=gateway.remote_route,
    )
    offers.listen(publisher.refresh)
    choices = Choices(routes=routes, inflight=inflight, book=book, offers=offers)
    budget = StartBudget(store=store, settings=live, clock=clock)
    fitting = Fitting(
        store=store,
        runtime_for=runtimes.for_recipe,
        folders=model_folders(settings.paths),
        own_pids=fleet.pids,
    )
    machine = Machine(
        store=store,
        settings=live,
        book=book,
        fleet=fleet,
        places=Places(fleet=fleet, book=book, fitting=fitting, runtime_for=runtimes.for_recipe),
        inflight=inflight,
        publisher=publisher,
        clock=clock,
    )
    switchboard = Switchboard(
        store=store,
        effects=machine,
        clock=clock,
        rules=live.scheduling_rules,
        finishes_unwanted=lambda: live.current.left_client_finishes_load,
    )
    fleet.listen(switchboard.look_again)
    inflight.listen(switchboard.requests_moved)
    admission = Admission(
        resolve=book.resolve,
        ask=partial(ask_for_model, switchboard, budget, book),
        routes=routes,
        clock=clock,
        settings=settings,
        inflight=inflight,
        concurrency=book.concurrency_of,
    )
    limits = KeyLimiting(
        store=store,
        ring=keys,
        clock=clock,
        names_of=book.names_of,
        redis_url=settings.redis_url,
    )
    answers = answer_cache(settings, live, clock, book, fleet, choices, limits.gate)
    captures = Captures(
        vault=Vault(settings.paths.captures, secrets),
        store=store,
        settings=lambda: live.current,
        clock=clock,
    )
    energy = EnergyMeter(
        read=PowerReader().read,
        devices_of=lambda recipe_id: next(
            (view.devices for view in fleet.views() if view.recipe_id == recipe_id), None
        ),
        clock=clock,
    )
    mirror = Mirror(
        url=settings.database_url,
        store=store,
        paths=settings.paths,
        secrets=secrets,
        clock=clock,
    )
    monitor = Monitor(
        store=store,
        fleet=fleet,
        gateway=gateway,
        switchboard=switchboard,
        inflight=inflight,
        clock=clock,
        requests=lambda: proxy.calls.all(),
        can_go_direct=lambda recipe_id: may_go_direct(routes, recipe_id, live.current.lane),
    )
    board = StatusBoard(
        store=store,
        book=book,
        fleet=fleet,
        gateway=gateway,
        switchboard=switchboard,
        budget=budget,
        admission=admission,
        inflight=inflight,
        requests_today=usage.today,
        endpoint=f"http://{settings.host}:{settings.port}/v1",
        alarm=lambda: log_watch.alarm or limits.problem or mirror.problem,
        problem=opened.trouble.view() if opened.trouble else None,
        notices=lambda: checkpointer.notices,
        held_back=monitor.held_back,
        spares=spares.ready,
        language=lambda: live.current.language,
    )

    usage.listen(monitor.totals.add)
    reply_costs = ReplyCosts()
    usage.listen(reply_costs.heard)
    usage.listen(lambda _: board.changed())
    usage.listen(limits.gate.settle)
    usage.listen(answers.counted)
    log_watch.listen(board.changed)
    limits.listen(board.changed)
    mirror.listen(board.changed)
    monitor.listen(board.changed)

    proxy = Proxy(
        fetching=Fetching(
            routes=routes,
            inflight=inflight,
            admit=log_watch.guarding(admission.admit),
            gateway=gateway,
            clock=clock,
            wait_s=settings.admission_timeout_s,
            lane=lambda: live.current.lane,
            may_fail_over=lambda: live.current.direct_when_gateway_down,
            loaded_in=partial(last_load_of, store),
            choices=choices,
            gate=limits.gate,
            energy=energy,
            engine_of=book.engine_of,
            loading=feedback_of(book, fleet, switchboard, live, clock),
        ),
        finished=ledger.finished,
        clock=clock,
        demand_serving=log_watch.demand_serving,
        recipe_of=book.resolve,
        gate=limits.gate,
        cache=answers,
        captures=captures,
    )
    websockets = WebsocketBridge(
        routes=routes,
        inflight=inflight,
        calls=proxy.calls,
        admit=log_watch.guarding(admission.admit),
        endpoint_of=lambda recipe_id: fleet.endpoints().get(recipe_id),
        finished=ledger.finished,
        clock=clock,
        idle_s=lambda: live.current.websocket_idle_s,
        wait_s=settings.admission_timeout_s,
        demand_serving=log_watch.demand_serving,
        gate=limits.gate,
        choices=choices,
    )
    keys.listen(proxy.calls.end_of_key)
    studio = Studio(
        store=store,
        settings=live,
        secrets=secrets,
        book=book,
        fleet=fleet,
        switchboard=switchboard,
        board=board,
        recipe_changed=publisher.refresh,
        demand_change=log_watch.demand_change,
        other_names=lambda: offers.names,
        clock=clock,
    )
    mcp = Mcp(
        store,
        secrets,
        clock,
        settings.paths.run / "mcp",
        log_watch.demand_change,
        redirect=redirect_to(settings.host, settings.port),
    )
    subject_keys = SubjectKeys(settings.paths.keys_db, secrets)
    blobs = Blobs(settings.paths.blobs, subject_keys)
    forgotten = mcp.calls.forgetting(blobs.drop)
    conversations = Conversations(store=store, keys=subject_keys, forgotten=forgotten)
    attachments = Attachments(blobs=blobs, conversations=conversations, clock=clock)
    models = ChatModels(
        routes=routes,
        inflight=inflight,
        admission=admission,
        switchboard=switchboard,
        choices=choices,
        book=book,
        endpoints=fleet.endpoints,
        folders=tuple(model_folders(settings.paths)),
    )
    tokens = Tokens(engine_of=models.endpoint, planned=models.planned_context)
    attachment_costs = Costs(
        attachments=attachments,
        book=book,
        folders=model_folders(settings.paths),
        count=tokens.count,
        context_of=tokens.context_of,
    )
    titles = Titles(
        conversations=conversations,
        proxy=proxy,
        engine_of=book.engine_of,
        at_rest=models.at_rest,
        wanted=lambda: live.current.chat_titles,
    )
    return Application(
        settings=live,
        boot_settings=settings,
        secrets=secrets,
        clock=clock,
        opened_log=opened,
        store=store,
        checkpointer=checkpointer,
        verification=Verification(
            store=store, secrets=secrets, settings=lambda: live.current, clock=clock
        ),
        usage=usage,
        log_watch=log_watch,
        book=book,
        past=TimeTravel(store, settings.paths.home, read_only=trouble is not None),
        keys=keys,
        key_desk=KeyDesk(store=store, ring=keys, clock=clock),
        limits=limits,
        answers=answers,
        mirror=mirror,
        mcp=mcp,
        sealing=sealing,
        captures=captures,
        conversations=conversations,
        presets=Presets(store=store, keys=subject_keys),
        chat=Chat(
            conversations=conversations,
            drafts=Drafts(settings.paths.drafts, subject_keys),
            proxy=proxy,
            clock=clock,
            engine_of=book.engine_of,
            takes_tools=book.takes_tools,
            toolbox=mcp.calls,
            costs=reply_costs,
            files=attachment_costs.told,
            keep_file=attachments.take_in,
            after=(titles.after,),
        ),
        tokens=tokens,
        titles=titles,
        measuring=Measuring(conversations=conversations, tokens=tokens, toolbox=mcp.calls),
        blobs=blobs,
        attachments=attachments,
        attachment_costs=attachment_costs,
        research=research_of(
            store, secrets, clock, subject_keys, blobs, conversations, proxy, mcp.calls, tokens
        ),
        energy=energy,
        offers=offers,
        offer_desk=OfferDesk(
            store=store,
            offers=offers,
            book=book,
            secrets=secrets,
            demand_change=log_watch.demand_change,
        ),
        choices=choices,
        runtimes=runtimes,
        fleet=fleet,
        gateway=gateway,
        routes=routes,
        inflight=inflight,
        admission=admission,
        proxy=proxy,
        websockets=websockets,
        ledger=ledger,
        publisher=publisher,
        switchboard=switchboard,
        machine=machine,
        budget=budget,
        fitting=fitting,
        board=board,
        studio=studio,
        monitor=monitor,
        installer=Installer(runtimes=runtimes),
        spares=spares,
        stopping=stopping,
        request_stop=request_stop,
    )
