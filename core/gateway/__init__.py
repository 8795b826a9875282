"""Between a client and an engine: routes, waiting, bytes both ways, and LiteLLM. See README."""
