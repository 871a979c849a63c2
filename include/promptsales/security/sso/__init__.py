"""Single sign-on: users, sessions and the short-lived tokens that the MCP servers accept."""
