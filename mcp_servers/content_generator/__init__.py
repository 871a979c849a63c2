"""The MCP server of PromptContent: images by meaning, campaign copy, its approval, and what both took."""
