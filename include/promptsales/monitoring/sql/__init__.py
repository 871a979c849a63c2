"""The statements that read the servers' own counts."""
