"""The MCP server of the warehouse: sales, reach and performance by channel, place and period, and the ETL's state."""
