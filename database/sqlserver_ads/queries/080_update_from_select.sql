/*
  UPDATE ... FROM SELECT: which running campaigns would be paused for review by the rule "over its last 14 days with
  figures, each unit spent brought in at least a tenth less than it did before"?

  The rule is a SELECT of its own, joined to the table that is updated: one row a campaign, so that no row is updated
  twice. Rolled back: the file answers, and leaves nothing. The table variable survives the rollback.
*/
SET NOCOUNT ON;
SET XACT_ABORT ON;

DECLARE @hasta date = (SELECT MAX(fecha) FROM dbo.rendimiento_diario);
DECLARE @desde date = DATEADD(DAY, -13, @hasta);
DECLARE @pausadas TABLE (
    id_campana int NOT NULL PRIMARY KEY,
    nombre nvarchar(160) NOT NULL,
    retorno decimal(38, 6) NOT NULL,
    retorno_antes decimal(38, 6) NOT NULL
);

BEGIN TRANSACTION;

UPDATE campana
SET estado = N'pausada', actualizado_en = SYSUTCDATETIME()
OUTPUT inserted.id_campana, inserted.nombre, quincena.retorno, quincena.retorno_antes
INTO @pausadas (id_campana, nombre, retorno, retorno_antes)
FROM dbo.campanas AS campana
INNER JOIN (
    SELECT
        id_campana,
        SUM(CASE WHEN fecha >= @desde THEN ingresos ELSE 0 END)
        / NULLIF(SUM(CASE WHEN fecha >= @desde THEN costo ELSE 0 END), 0) AS retorno,
        SUM(CASE WHEN fecha < @desde THEN ingresos ELSE 0 END)
        / NULLIF(SUM(CASE WHEN fecha < @desde THEN costo ELSE 0 END), 0) AS retorno_antes
    FROM dbo.rendimiento_diario
    WHERE fecha <= @hasta
    GROUP BY id_campana
) AS quincena ON campana.id_campana = quincena.id_campana
WHERE
    campana.estado = N'activa'
    AND quincena.retorno_antes > 0 -- nothing before cannot become less, nor be divided by below
    AND quincena.retorno <= 0.9 * quincena.retorno_antes;

ROLLBACK TRANSACTION;

SELECT
    id_campana,
    nombre AS campana,
    CONVERT(decimal(18, 2), retorno) AS retorno,
    CONVERT(decimal(18, 2), retorno_antes) AS retorno_antes,
    CONVERT(decimal(9, 1), 100 * (retorno_antes - retorno) / retorno_antes) AS caida_pct
FROM @pausadas
ORDER BY caida_pct DESC, id_campana;
