"""Telling people that something is wrong: once a cause, again after a while, and once more when it is over."""
