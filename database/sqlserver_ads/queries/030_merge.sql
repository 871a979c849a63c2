/*
  MERGE: what would change if the newest campaign were aimed at the three largest cities of its currency, each
  with its share of their people?

  One statement compares the plan with what is there: it corrects the shares, adds the cities that are missing
  and takes away the rest. Rolled back: the file answers, and leaves nothing. A table variable keeps what a
  rollback undoes, so the answer is read after it.
*/
SET NOCOUNT ON;
SET XACT_ABORT ON;

DECLARE @id_campana int = (SELECT MAX(id_campana) FROM dbo.campanas_mercados);
DECLARE @plan TABLE (
    id_campana int NOT NULL,
    id_mercado int NOT NULL,
    peso decimal(5, 4) NOT NULL,
    PRIMARY KEY (id_campana, id_mercado)
);
DECLARE @cambios TABLE (
    accion nvarchar(10) NOT NULL,
    id_mercado int NOT NULL,
    peso_anterior decimal(5, 4) NULL,
    peso_nuevo decimal(5, 4) NULL
);

WITH mayores AS (
    SELECT TOP (3) mercado.id_mercado, mercado.poblacion
    FROM dbo.mercados AS mercado
    INNER JOIN dbo.campanas AS campana ON mercado.moneda = campana.moneda
    WHERE campana.id_campana = @id_campana
    ORDER BY mercado.poblacion DESC, mercado.id_mercado
),

repartidos AS (
    SELECT
        id_mercado,
        ROW_NUMBER() OVER (ORDER BY poblacion DESC, id_mercado) AS puesto,
        CONVERT(decimal(5, 4), ROUND(1.0 * poblacion / SUM(poblacion) OVER (), 4)) AS peso
    FROM mayores
)

-- The largest takes what rounding left over: shares add up to 1, exactly.
INSERT INTO @plan (id_campana, id_mercado, peso)
SELECT
    @id_campana,
    id_mercado,
    CASE WHEN puesto = 1 THEN 1 - SUM(CASE WHEN puesto > 1 THEN peso ELSE 0 END) OVER () ELSE peso END
FROM repartidos;

BEGIN TRANSACTION;

MERGE INTO dbo.campanas_mercados WITH (HOLDLOCK) AS destino
USING @plan AS origen
    ON destino.id_campana = origen.id_campana AND destino.id_mercado = origen.id_mercado
WHEN MATCHED AND destino.peso <> origen.peso
    THEN UPDATE SET peso = origen.peso
WHEN NOT MATCHED BY TARGET
    THEN INSERT (id_campana, id_mercado, peso) VALUES (origen.id_campana, origen.id_mercado, origen.peso)
-- Without the campaign here, every other campaign's markets would go.
WHEN NOT MATCHED BY SOURCE AND destino.id_campana = @id_campana
    THEN DELETE
OUTPUT $action, COALESCE(inserted.id_mercado, deleted.id_mercado), deleted.peso, inserted.peso
INTO @cambios (accion, id_mercado, peso_anterior, peso_nuevo);

ROLLBACK TRANSACTION;

SELECT
    CASE cambio.accion WHEN N'INSERT' THEN N'añadir' WHEN N'UPDATE' THEN N'ajustar' ELSE N'quitar' END AS cambio,
    mercado.ciudad,
    mercado.pais,
    mercado.poblacion,
    cambio.peso_anterior,
    cambio.peso_nuevo
FROM @cambios AS cambio
INNER JOIN dbo.mercados AS mercado ON cambio.id_mercado = mercado.id_mercado
ORDER BY cambio.accion, mercado.poblacion DESC;
