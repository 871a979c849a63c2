-- A whole campaign or nothing of it: lists come as JSON, so that the statement is the same however long they are.
SET NOCOUNT ON;
DECLARE @canales dbo.tipo_canales;
DECLARE @anuncios dbo.tipo_anuncios;
DECLARE @mercados dbo.tipo_mercados;
DECLARE @id_campana int;

INSERT INTO @canales (clave_canal, nombre)
SELECT clave, nombre
FROM OPENJSON(%(canales)s) WITH (clave int, nombre nvarchar(60));

INSERT INTO @anuncios (clave_anuncio, clave_canal, usuario_influencer, titulo, texto, formato)
SELECT clave, canal, influencer, titulo, texto, formato
FROM OPENJSON(%(anuncios)s) WITH (
    clave int,
    canal int,
    influencer nvarchar(60),
    titulo nvarchar(200),
    texto nvarchar(max),
    formato nvarchar(20)
);

INSERT INTO @mercados (codigo_pais, region, ciudad, peso)
SELECT pais, region, ciudad, peso
FROM OPENJSON(%(mercados)s) WITH (pais char(2), region nvarchar(80), ciudad nvarchar(80), peso decimal(5, 4));

EXECUTE dbo.usp_crear_campana
    @id_marca = %(id_marca)s,
    @referencia = %(referencia)s,
    @nombre = %(nombre)s,
    @descripcion = %(descripcion)s,
    @objetivo = %(objetivo)s,
    @fecha_inicio = %(fecha_inicio)s,
    @fecha_fin = %(fecha_fin)s,
    @presupuesto = %(presupuesto)s,
    @moneda = %(moneda)s,
    @canales = @canales,
    @anuncios = @anuncios,
    @mercados = @mercados,
    @id_campana = @id_campana OUTPUT;

SELECT @id_campana AS id_campana;
