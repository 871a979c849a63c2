"""Defaults and bounds of a seeding, for the command line and the DAG's form: importing them costs nothing."""

from __future__ import annotations

DEFAULT_SEED = 20251022
DEFAULT_PEAK_MONTH = 7
MIN_SCALE, MAX_SCALE = 0.001, 100
"""1.0 is 1,000 campaigns and 500,000 customers."""
