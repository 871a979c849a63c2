-- T-SQL. Which keys of this table were deleted in the window? Pages are cut by (rv, clave), since versions may tie.
SELECT TOP ({limit}) clave, version
FROM etl.bajas
WHERE
    tabla = %(table)s
    AND rv >= CAST(CAST(%(after)s AS bigint) AS rowversion)
    AND rv <= CAST(CAST(%(high)s AS bigint) AS rowversion)
    AND (rv > CAST(CAST(%(after)s AS bigint) AS rowversion) OR clave > %(key)s)
ORDER BY rv, clave
