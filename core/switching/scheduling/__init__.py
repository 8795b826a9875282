"""Deciding what is loaded, when, and at whose cost. Pure: a scene in, a plan out, no clock."""
