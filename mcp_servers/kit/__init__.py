"""What the four MCP servers share: who calls, what a tool is, its cache, limits, health, logs and databases."""
