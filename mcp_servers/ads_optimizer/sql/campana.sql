-- What is a campaign, and what share of it lies in the reader's countries? No row: there is none that they may see.
SELECT
    campana.id_campana,
    campana.nombre,
    campana.descripcion,
    campana.objetivo,
    campana.estado,
    campana.fecha_inicio,
    campana.fecha_fin,
    campana.moneda,
    marca.nombre AS marca,
    campana.presupuesto,
    vista.cuota
FROM etl.campanas AS campana
INNER JOIN etl.marcas AS marca ON campana.id_marca = marca.id_marca
INNER JOIN (
    SELECT
        reparto.id_campana,
        SUM(reparto.peso) AS cuota
    FROM etl.campanas_mercados AS reparto
    INNER JOIN etl.mercados AS mercado ON reparto.id_mercado = mercado.id_mercado
    WHERE reparto.id_campana = %(id_campana)s AND (%(todos)s = 1 OR mercado.codigo_pais IN %(paises)s)
    GROUP BY reparto.id_campana
) AS vista ON campana.id_campana = vista.id_campana
WHERE campana.id_campana = %(id_campana)s;
