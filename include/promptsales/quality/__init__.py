"""Data quality: what must be true of the warehouse, and what was found."""
