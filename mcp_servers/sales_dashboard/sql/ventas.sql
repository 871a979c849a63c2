-- What was a metric, for each value of up to two dimensions and on the whole, over a period and within filters?
-- The dimension's and the metric's names are compared with the words below, never put into the text; a filter that is
-- NULL holds for every row. The first row is the whole, also where there was no activity; without dimensions it is
-- followed by one group. Rows are the reader's own countries'.
WITH actividad AS (
    SELECT
        actividad.*,
        campana.nombre AS campana,
        campana.marca,
        campana.sector,
        campana.objetivo,
        campana.estado,
        canal.nombre AS canal,
        canal.tipo AS tipo_canal,
        mercado.pais,
        mercado.region,
        mercado.ciudad
    FROM mart.actividad_mes AS actividad
    LEFT JOIN mart.campana AS campana USING (id_campana)
    LEFT JOIN mart.canal AS canal USING (id_canal)
    LEFT JOIN mart.mercado AS mercado USING (id_mercado)
    WHERE
        actividad.mes BETWEEN %(desde)s AND %(hasta)s
        AND (%(paises)s::text[] IS NULL OR actividad.codigo_pais = ANY (%(paises)s::text[]))
        AND (%(canales)s::text[] IS NULL OR canal.nombre = ANY (%(canales)s::text[]))
        AND (%(campanas)s::integer[] IS NULL OR actividad.id_campana = ANY (%(campanas)s::integer[]))
        AND (%(marcas)s::text[] IS NULL OR campana.marca = ANY (%(marcas)s::text[]))
        AND (%(objetivos)s::text[] IS NULL OR campana.objetivo = ANY (%(objetivos)s::text[]))
),
agrupada AS (
    SELECT
        grouping(dimension.primera) = 1 AS total,
        dimension.primera,
        dimension.segunda,
        sum(impresiones) AS impresiones,
        sum(alcance) AS alcance,
        sum(clics) AS clics,
        sum(conversiones) AS conversiones,
        sum(costo_usd) AS costo_usd,
        sum(ventas) AS ventas,
        sum(unidades) AS unidades,
        sum(ingresos_usd) AS ingresos_usd,
        sum(ventas_sin_cambio) AS ventas_sin_cambio
    FROM actividad
    CROSS JOIN LATERAL (
        SELECT
            CASE %(primera)s::text
                WHEN 'month' THEN to_char(mes, 'YYYY-MM')
                WHEN 'quarter' THEN to_char(mes, 'YYYY-"Q"Q')
                WHEN 'year' THEN to_char(mes, 'YYYY')
                WHEN 'campaign' THEN id_campana || ' ' || coalesce(campana, '')
                WHEN 'brand' THEN marca
                WHEN 'sector' THEN sector
                WHEN 'objective' THEN objetivo
                WHEN 'status' THEN estado
                WHEN 'channel' THEN canal
                WHEN 'channel_type' THEN tipo_canal
                WHEN 'country' THEN codigo_pais
                WHEN 'region' THEN codigo_pais || ' ' || coalesce(region, '')
                WHEN 'city' THEN codigo_pais || ' ' || coalesce(ciudad, '')
            END AS primera,
            CASE %(segunda)s::text
                WHEN 'month' THEN to_char(mes, 'YYYY-MM')
                WHEN 'quarter' THEN to_char(mes, 'YYYY-"Q"Q')
                WHEN 'year' THEN to_char(mes, 'YYYY')
                WHEN 'campaign' THEN id_campana || ' ' || coalesce(campana, '')
                WHEN 'brand' THEN marca
                WHEN 'sector' THEN sector
                WHEN 'objective' THEN objetivo
                WHEN 'status' THEN estado
                WHEN 'channel' THEN canal
                WHEN 'channel_type' THEN tipo_canal
                WHEN 'country' THEN codigo_pais
                WHEN 'region' THEN codigo_pais || ' ' || coalesce(region, '')
                WHEN 'city' THEN codigo_pais || ' ' || coalesce(ciudad, '')
            END AS segunda
    ) AS dimension
    GROUP BY GROUPING SETS ((dimension.primera, dimension.segunda), ())
),
medida AS (
    SELECT
        total,
        primera,
        segunda,
        ventas_sin_cambio,
        CASE %(metrica)s::text
            WHEN 'impressions' THEN round(impresiones)
            WHEN 'reach' THEN round(alcance)
            WHEN 'clicks' THEN round(clics)
            WHEN 'conversions' THEN round(conversiones)
            WHEN 'cost_usd' THEN round(costo_usd, 2)
            WHEN 'sales' THEN ventas
            WHEN 'units' THEN unidades
            WHEN 'revenue_usd' THEN round(ingresos_usd, 2)
            WHEN 'profit_usd' THEN round(ingresos_usd - costo_usd, 2)
            WHEN 'roi' THEN round((ingresos_usd - costo_usd) / nullif(costo_usd, 0), 4)
            WHEN 'click_rate' THEN round(clics / nullif(impresiones, 0), 6)
            WHEN 'conversion_rate' THEN round(conversiones / nullif(clics, 0), 6)
            WHEN 'cost_per_click_usd' THEN round(costo_usd / nullif(clics, 0), 4)
            WHEN 'average_sale_usd' THEN round(ingresos_usd / nullif(ventas - ventas_sin_cambio, 0), 2)
        END AS valor
    FROM agrupada
),
pagina AS (
    SELECT
        primera,
        segunda,
        valor,
        ventas_sin_cambio,
        row_number() OVER (
            ORDER BY
                CASE WHEN %(orden)s = 'largest' THEN valor END DESC NULLS LAST,
                CASE WHEN %(orden)s = 'smallest' THEN valor END ASC NULLS LAST,
                primera ASC NULLS LAST,
                segunda ASC NULLS LAST
        ) AS posicion
    FROM medida
    WHERE NOT total
    ORDER BY posicion
    LIMIT %(filas)s OFFSET %(omitidas)s
)
SELECT
    0 AS posicion,
    NULL AS primera,
    NULL AS segunda,
    valor,
    ventas_sin_cambio
FROM medida
WHERE total
UNION ALL
SELECT
    posicion,
    primera,
    segunda,
    valor,
    ventas_sin_cambio
FROM pagina
ORDER BY posicion;
