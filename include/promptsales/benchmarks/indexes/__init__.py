"""What each index gains the queries that it is there for: plans and timings on copies of the data, without and with it.

Live tables are read once, to be copied; no live index is touched.
"""
