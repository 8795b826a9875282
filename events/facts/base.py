"""The shape every fact shares, so that codec and timeline can treat them alike."""

import msgspec


class Fact(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", gc=False):
    """Something that happened, in the past tense, for ever."""
