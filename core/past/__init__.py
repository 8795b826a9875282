"""The studio as it was: moments, states, what changed between two, and why."""
