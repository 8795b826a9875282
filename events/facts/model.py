"""Facts about model weights on this machine. Stream: `model-<model_id>`."""

from events.facts.base import Fact


class ModelMade(Fact, frozen=True, kw_only=True, tag="model-made"):
    """The model {model_id} was put in place."""

    model_id: str
    bytes_on_disk: int
