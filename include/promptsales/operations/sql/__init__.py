"""The SQL of the operators' page, one statement a file."""
