-- T-SQL. Which rows come after a position? Without an upper bound: also above the ceiling of open transactions.
SELECT {key}
FROM {view}
WHERE {condition}
