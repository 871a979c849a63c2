/*
  PromptAds: columns computed from others of the row, stored, so that no query writes the rule again.

  They say nothing that the exported columns do not: etl.<table> leaves them out. The type is said by CONVERT,
  because a computed column declares none.

  PERSISTED and NOT NULL go together. Adding one rewrites the table once, under a schema modification lock.
*/
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO

-- How long a campaign runs, both its first and its last day included.
IF COL_LENGTH(N'dbo.campanas', N'duracion_dias') IS NULL
    ALTER TABLE dbo.campanas
    ADD duracion_dias AS (CONVERT(int, DATEDIFF(DAY, fecha_inicio, fecha_fin) + 1)) PERSISTED NOT NULL;
GO

-- How many people said something about an ad on a day. bigint: each part may be as large as an int.
IF COL_LENGTH(N'dbo.sentimientos', N'menciones') IS NULL
    ALTER TABLE dbo.sentimientos
    ADD menciones AS (CONVERT(bigint, CONVERT(bigint, positivos) + neutros + negativos)) PERSISTED NOT NULL;
GO
