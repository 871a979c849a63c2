"""The SQL of what is kept in Redis, one statement a file."""
