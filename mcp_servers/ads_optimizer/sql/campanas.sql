-- Which campaigns are there within the filters, the newest first, and what have they cost and earned so far?
-- A reader sees a campaign through its markets in the reader's countries, and cuota is the share of its amounts.
WITH vistas AS (
    SELECT
        reparto.id_campana,
        SUM(reparto.peso) AS cuota
    FROM etl.campanas_mercados AS reparto
    INNER JOIN etl.mercados AS mercado ON reparto.id_mercado = mercado.id_mercado
    WHERE %(todos)s = 1 OR mercado.codigo_pais IN %(paises)s
    GROUP BY reparto.id_campana
),

pagina AS (
    SELECT
        campana.id_campana,
        campana.nombre,
        campana.objetivo,
        campana.estado,
        campana.fecha_inicio,
        campana.fecha_fin,
        campana.presupuesto,
        campana.moneda,
        marca.nombre AS marca,
        marca.sector,
        vistas.cuota
    FROM etl.campanas AS campana
    INNER JOIN vistas ON campana.id_campana = vistas.id_campana
    INNER JOIN etl.marcas AS marca ON campana.id_marca = marca.id_marca
    WHERE (%(estado)s IS NULL OR campana.estado = %(estado)s)
        AND (%(objetivo)s IS NULL OR campana.objetivo = %(objetivo)s)
        AND (%(marca)s IS NULL OR marca.nombre = %(marca)s)
        AND (%(texto)s IS NULL OR CHARINDEX(CONVERT(nvarchar(160), %(texto)s), campana.nombre) > 0)
        AND (%(activa_el)s IS NULL OR %(activa_el)s BETWEEN campana.fecha_inicio AND campana.fecha_fin)
        AND (
            %(pais)s IS NULL
            OR EXISTS (
                SELECT 1
                FROM etl.campanas_mercados AS reparto
                INNER JOIN etl.mercados AS mercado ON reparto.id_mercado = mercado.id_mercado
                WHERE reparto.id_campana = campana.id_campana AND mercado.codigo_pais = CONVERT(char(2), %(pais)s)
            )
        )
    ORDER BY campana.fecha_inicio DESC, campana.id_campana DESC
    OFFSET %(omitidas)s ROWS FETCH NEXT %(filas)s ROWS ONLY
)

SELECT
    pagina.id_campana,
    pagina.nombre,
    pagina.marca,
    pagina.sector,
    pagina.objetivo,
    pagina.estado,
    pagina.fecha_inicio,
    pagina.fecha_fin,
    pagina.moneda,
    pagina.presupuesto,
    pagina.cuota,
    actividad.costo,
    actividad.ingresos
FROM pagina
LEFT JOIN (
    SELECT
        id_campana,
        SUM(costo) AS costo,
        SUM(ingresos) AS ingresos
    FROM etl.rendimiento_diario
    WHERE id_campana IN (SELECT id_campana FROM pagina)
    GROUP BY id_campana
) AS actividad ON pagina.id_campana = actividad.id_campana
ORDER BY pagina.fecha_inicio DESC, pagina.id_campana DESC;
