/*
  PromptCRM: indexes for what reports ask, which is a range of days over every customer and campaign.

  The other indexes begin with the customer or the campaign, so a range of days alone would scan the table. Included
  columns make the reads covering: a report never goes back to the clustered index.
*/
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO

IF INDEXPROPERTY(OBJECT_ID(N'dbo.ventas'), N'IX_ventas_fecha', 'IndexID') IS NULL
    CREATE INDEX IX_ventas_fecha
    ON dbo.ventas (fecha)
    INCLUDE (id_cliente, id_campana, total, moneda)
    WITH (DATA_COMPRESSION = PAGE);
GO
IF INDEXPROPERTY(OBJECT_ID(N'dbo.leads'), N'IX_leads_creado_en', 'IndexID') IS NULL
    CREATE INDEX IX_leads_creado_en
    ON dbo.leads (creado_en)
    INCLUDE (id_campana, id_cliente, estado, puntaje, convertido_en)
    WITH (DATA_COMPRESSION = PAGE);
GO
