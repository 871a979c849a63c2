-- Have the star schema compare this mirror whole at its next refresh: nobody knows what was done to it.
DELETE FROM dw.posiciones
WHERE fuente = %(source)s AND tabla = %(table)s
