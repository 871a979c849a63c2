-- T-SQL. Which rows are newer than a version? Without an upper bound: also above the ceiling of open transactions.
SELECT {key}
FROM {view}
WHERE rv > CAST(CAST(%(version)s AS bigint) AS rowversion)
