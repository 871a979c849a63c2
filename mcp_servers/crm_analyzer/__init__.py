"""The MCP server of PromptCRM: customers, masked, what they bought, and the sales funnel."""
