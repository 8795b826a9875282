"""Programs that run inside an engine's interpreter: they import the engine, nothing of ours."""
