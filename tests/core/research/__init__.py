"""Research: deciding, doing, recording."""
