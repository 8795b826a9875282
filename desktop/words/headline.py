"""The machine in one sentence, as `core.picture.headline` says it in English. Pure."""

from core.status import RecipeView, Status, SwitchView
from desktop.words.speech import Speech


def headline(status: Status, speech: Speech) -> str:
    """For the tray's tooltip and the first line of its menu."""
    words = speech.words
    if status.alarm:
        return speech.told(status.alarm)
    names = {recipe.id: recipe.name or recipe.id for recipe in status.recipes}
    loading = next((r for r in status.recipes if r.state in ("starting", "loading")), None)
    if loading is not None:
        far = speech.how_far(loading.percent, loading.eta_s, late=loading.late)
        return words.loading.format(name=names[loading.id], far=far)
    if status.switch is not None:
        return _change(status.switch, names, speech)
    if status.gateway.state == "installing":
        return words.installing_gateway
    if status.active is not None:
        return words.is_ready.format(name=names.get(status.active, status.active))
    failed = next((r for r in status.recipes if r.id == status.failed), None)
    return words.no_model if failed is None else _failure(failed, names[failed.id], speech)


def _change(change: SwitchView, names: dict[str, str], speech: Speech) -> str:
    words = speech.words
    if change.step == "draining":
        text = words.waiting_one if change.in_flight == 1 else words.waiting
        return text.format(n=change.in_flight)
    if change.target is None:
        return words.evicting_everything
    kinds = {"switch": words.switching, "load": words.bringing, "evict": words.evicting}
    return kinds[change.kind].format(name=names.get(change.target, change.target))


def _failure(failed: RecipeView, name: str, speech: Speech) -> str:
    why = speech.told(failed.error) if failed.error else speech.words.see_its_log
    return speech.words.failed_because.format(name=name, why=why)
