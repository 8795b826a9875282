"""Programs that run in a runtime's interpreter, where nothing of this app exists."""
