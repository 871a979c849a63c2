-- T-SQL. Which columns does the source view have, of which types, and how long are its texts at most?
SELECT COLUMN_NAME, DATA_TYPE, NUMERIC_PRECISION, NUMERIC_SCALE, CHARACTER_MAXIMUM_LENGTH
FROM INFORMATION_SCHEMA.COLUMNS
WHERE TABLE_SCHEMA = 'etl' AND TABLE_NAME = %(view)s
