"""The log taken elsewhere, with all that proves it, and brought back into an empty home."""
