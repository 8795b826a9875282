"""The official OpenAI and Anthropic clients, unmodified, on both lanes."""
