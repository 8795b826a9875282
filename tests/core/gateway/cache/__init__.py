"""The answer cache and single flight."""
