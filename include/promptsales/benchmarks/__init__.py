"""Benchmarks: they print figures, and fail for nothing but an error."""
