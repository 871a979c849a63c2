"""Defaults of a comparison, for the command line and the DAG's form: importing them costs nothing."""

from __future__ import annotations

MAX_DRIFT = 0.05
"""More than this part of a table is no drift but an event, which a person should look at first."""
