"""Keys that can be destroyed."""
