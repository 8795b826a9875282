"""The studio's own numbers in Prometheus' text format, read from the living parts when scraped."""

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from core.monitoring.totals import Totals

if TYPE_CHECKING:
    from core.application import Application


class StudioCollector(Collector):
    """One scrape, one picture."""

    def __init__(self, application: "Application") -> None:
        self._application = application

    def collect(self) -> Iterable[Metric]:
        """Every family, each with its help sentence."""
        status = self._application.studio.status()
        totals = self._application.monitor.totals
        yield gauge(
            "vllm_studio_event_position", "Newest position in the event log", status.position
        )
        yield gauge("vllm_studio_requests_in_flight", "Requests being served", status.in_flight)
        waiting = GaugeMetricFamily(
            "vllm_studio_requests_waiting", "Requests that wait for a model", labels=["recipe"]
        )
        for place in status.waiting:
            waiting.add_metric([place.recipe_id], place.requests)
        yield waiting
        engines = GaugeMetricFamily(
            "vllm_studio_engine_state",
            "1 for the state an engine is in",
            labels=["recipe", "state"],
        )
        for recipe in status.recipes:
            engines.add_metric([recipe.id, recipe.state], 1)
        yield engines
        yield gauge(
            "vllm_studio_gateway_up", "1 when the gateway answers", status.gateway.state == "ready"
        )
        yield counter(
            "vllm_studio_gateway_restarts", "Times it was restarted", status.gateway.restarts
        )
        requests = CounterMetricFamily(
            "vllm_studio_requests", "Requests that ended", labels=["recipe", "outcome"]
        )
        for (recipe_id, outcome), n in sorted(totals.requests.items()):
            requests.add_metric([recipe_id, outcome], n)
        yield requests
        tokens = CounterMetricFamily(
            "vllm_studio_tokens", "Tokens in and out", labels=["recipe", "direction"]
        )
        for (recipe_id, direction), n in sorted(totals.tokens.items()):
            tokens.add_metric([recipe_id, direction], n)
        yield tokens
        yield from used(totals, self._application.settings.current.currency)
        yield counter(
            "vllm_studio_usage_unwritten",
            "Requests that could not be written to the usage log",
            self._application.usage.unwritten,
        )
        yield gauge(
            "vllm_studio_usage_held",
            "Requests that wait in memory until the usage log can be written",
            self._application.usage.held,
        )
        yield gauge(
            "vllm_studio_asyncio_tasks",
            "Tasks in the studio's loop; back to the same number when nothing is asked of it",
            len(asyncio.all_tasks()),
        )


def used(totals: Totals, currency: str) -> Iterable[Metric]:
    """What requests cost, drew and were spared; recipes of which that is not known are absent."""
    cost = CounterMetricFamily(
        "vllm_studio_cost", "Cost of tokens by the recipes' prices", labels=["recipe", "currency"]
    )
    for recipe_id, amount in sorted(totals.cost.items()):
        if amount:
            cost.add_metric([recipe_id, currency], amount)
    yield cost
    energy = CounterMetricFamily(
        "vllm_studio_energy_joules", "Energy that requests drew", labels=["recipe"]
    )
    for recipe_id, joules in sorted(totals.energy_j.items()):
        if joules:
            energy.add_metric([recipe_id], joules)
    yield energy
    cached = CounterMetricFamily(
        "vllm_studio_requests_cached",
        "Requests that needed no engine call of their own",
        labels=["recipe", "kind"],
    )
    for (recipe_id, kind), n in sorted(totals.cached.items()):
        cached.add_metric([recipe_id, kind], n)
    yield cached


def exposition(application: "Application") -> bytes:
    """The text of one scrape, made in the studio's loop."""
    registry = CollectorRegistry()
    registry.register(StudioCollector(application))
    return generate_latest(registry)


def gauge(name: str, help_: str, value: float) -> Metric:
    """A gauge without labels."""
    return GaugeMetricFamily(name, help_, value=value)


def counter(name: str, help_: str, value: float) -> Metric:
    """A counter without labels."""
    return CounterMetricFamily(name, help_, value=value)
