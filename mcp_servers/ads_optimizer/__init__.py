"""The MCP server of PromptAds: campaigns, their performance and their budgets."""
