-- T-SQL. Up to which version is every transaction of the source database finished?
SELECT version FROM etl.limite
