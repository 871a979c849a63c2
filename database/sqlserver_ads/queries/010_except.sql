/*
  EXCEPT: in which channels does a brand's competition sell, and the brand not advertise now?

  Candidate channels: those that brought revenue to its sector in the last 90 days with figures.
  Taken away: those where a running campaign of the brand has an ad. EXCEPT compares whole rows and leaves no
  duplicates, which is what a set of (brand, channel) is.
*/
DECLARE @hasta date = (SELECT MAX(fecha) FROM dbo.rendimiento_diario);
DECLARE @desde date = DATEADD(DAY, -89, @hasta);

WITH ventas_del_sector AS (
    SELECT
        marca.sector,
        rendimiento.id_canal,
        SUM(rendimiento.conversiones) AS conversiones
    FROM dbo.rendimiento_diario AS rendimiento
    INNER JOIN dbo.campanas AS campana ON rendimiento.id_campana = campana.id_campana
    INNER JOIN dbo.marcas AS marca ON campana.id_marca = marca.id_marca
    WHERE rendimiento.fecha BETWEEN @desde AND @hasta AND rendimiento.ingresos > 0
    GROUP BY marca.sector, rendimiento.id_canal
),

huecos AS (
    SELECT marca.id_marca, sector.id_canal
    FROM dbo.marcas AS marca
    INNER JOIN ventas_del_sector AS sector ON marca.sector = sector.sector
    WHERE marca.activa = 1

    EXCEPT

    SELECT campana.id_marca, anuncio.id_canal
    FROM dbo.anuncios AS anuncio
    INNER JOIN dbo.campanas AS campana ON anuncio.id_campana = campana.id_campana
    WHERE campana.estado = N'activa' AND anuncio.activo = 1
)

SELECT
    marca.sector,
    marca.nombre AS marca,
    canal.nombre AS canal_sin_usar,
    sector.conversiones AS conversiones_del_sector
FROM huecos
INNER JOIN dbo.marcas AS marca ON huecos.id_marca = marca.id_marca
INNER JOIN dbo.canales AS canal ON huecos.id_canal = canal.id_canal
INNER JOIN ventas_del_sector AS sector ON marca.sector = sector.sector AND huecos.id_canal = sector.id_canal
ORDER BY sector.conversiones DESC, marca.nombre, canal.nombre;
