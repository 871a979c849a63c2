"""The four MCP servers of the platform, one folder each, and the kit that they share."""
