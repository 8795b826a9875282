"""MCP servers: what is saved, how they live, and how their tools are called."""
