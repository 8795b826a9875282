"""Where in a research a ciphertext belongs: it opens nowhere else."""

from events.facts.base import Fact

_KEYS = ("step_id", "query", "provider", "source")  # what tells facts of one kind apart


def stream_of(research_id: str) -> str:
    """The stream of one run, which is the subject of its key and of its captured pages, too."""
    return f"research-{research_id}"


def item_of(fact: Fact) -> str:
    """A fact's place."""
    config = fact.__struct_config__
    told = [str(getattr(fact, key)) for key in _KEYS if key in fact.__struct_fields__]
    return "/".join((str(config.tag), *told))
