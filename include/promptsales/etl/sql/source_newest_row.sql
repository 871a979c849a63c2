-- T-SQL. Which version has the newest committed row of this table, whether or not a window may take it yet?
SELECT TOP (1) version
FROM {view}
ORDER BY rv DESC
