"""The SQL of the checks: one file a kind, and one a question of its own. Each returns the rows that are wrong."""
