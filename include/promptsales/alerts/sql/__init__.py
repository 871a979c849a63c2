"""The SQL of the alerts' memory, one statement a file."""
