-- What happens by itself, when and to which table? Every trigger and what it runs.
SELECT
    format('%I.%I', espacio.nspname, tabla.relname) AS tabla,
    disparador.tgname AS disparador,
    format('%I.%I', espacio_funcion.nspname, funcion.proname) AS funcion,
    funcion.prosecdef AS con_permisos_del_dueno,
    pg_get_triggerdef(disparador.oid) AS definicion
FROM pg_trigger AS disparador
INNER JOIN pg_class AS tabla ON tabla.oid = disparador.tgrelid
INNER JOIN pg_namespace AS espacio ON espacio.oid = tabla.relnamespace
INNER JOIN pg_proc AS funcion ON funcion.oid = disparador.tgfoid
INNER JOIN pg_namespace AS espacio_funcion ON espacio_funcion.oid = funcion.pronamespace
WHERE NOT disparador.tgisinternal
ORDER BY tabla, disparador;
