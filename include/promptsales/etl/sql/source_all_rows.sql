-- T-SQL. Every row of the view, by key: the next page after one.
SELECT TOP ({limit}) {columns}, version
FROM {view}
WHERE {condition}
ORDER BY {key}
