/*
  Geographic distance. Around the city with most customers: how many live within 5, 10, 25 and 50 km of its centre, and
  which segment are they?

  The centre is the mean of the customers' own coordinates, which is good enough within one city. The predicate
  ubicacion.STDistance(@centro) <= @metros, bare and with a variable, is the form that the spatial index serves.
*/
SET NOCOUNT ON;
DECLARE @metros float = 50000;
DECLARE @codigo_pais char(2);
DECLARE @ciudad nvarchar(80);
DECLARE @latitud float;
DECLARE @longitud float;

SELECT TOP (1)
    @codigo_pais = codigo_pais,
    @ciudad = ciudad,
    @latitud = AVG(latitud),
    @longitud = AVG(longitud)
FROM dbo.clientes
GROUP BY codigo_pais, region, ciudad
ORDER BY COUNT(*) DESC, codigo_pais, ciudad;

DECLARE @centro geography = geography::Point(@latitud, @longitud, 4326); -- noqa: CP05

WITH cercanos AS (
    SELECT
        segmento,
        ubicacion.STDistance(@centro) / 1000 AS kilometros
    FROM dbo.clientes
    WHERE ubicacion.STDistance(@centro) <= @metros AND activo = 1
)

SELECT
    @codigo_pais AS codigo_pais,
    @ciudad AS ciudad,
    segmento,
    SUM(IIF(kilometros <= 5, 1, 0)) AS hasta_5_km,
    SUM(IIF(kilometros <= 10, 1, 0)) AS hasta_10_km,
    SUM(IIF(kilometros <= 25, 1, 0)) AS hasta_25_km,
    COUNT(*) AS hasta_50_km,
    ROUND(AVG(kilometros), 2) AS distancia_media_km
FROM cercanos
GROUP BY segmento
ORDER BY hasta_50_km DESC, segmento;
GO
