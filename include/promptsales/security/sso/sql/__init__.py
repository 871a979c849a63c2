"""The SQL of single sign-on, one statement a file."""
