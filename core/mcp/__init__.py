"""Tools, resources and prompts of MCP servers: long-lived sessions, approvals, calls."""
