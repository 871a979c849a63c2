-- T-SQL. Which keys of this table were deleted after a version?
SELECT clave
FROM etl.bajas
WHERE tabla = %(table)s AND rv > CAST(CAST(%(version)s AS bigint) AS rowversion)
