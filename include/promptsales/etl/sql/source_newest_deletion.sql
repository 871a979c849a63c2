-- T-SQL. Which version has the newest committed deletion of this table, whether or not a window may take it yet?
SELECT TOP (1) version
FROM etl.bajas
WHERE tabla = %(table)s
ORDER BY rv DESC
