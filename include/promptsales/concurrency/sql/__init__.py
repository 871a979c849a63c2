"""Statements on the table `laboratorio`: the same text for PostgreSQL and SQL Server, but for the table's name."""
