"""The statements of the results in `ops`."""
