-- T-SQL. Which rows come next after a position? The condition bounds rv, so that the (rv, key) index is sought.
SELECT TOP ({limit}) {columns}, version
FROM {view}
WHERE {condition}
ORDER BY rv, {key}
