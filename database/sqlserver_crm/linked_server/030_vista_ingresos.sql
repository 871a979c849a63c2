/*
  PromptCRM: what each campaign earned by PromptAds' account, beside what was sold by this one. Run after 020, with the
  link up: the columns of a view are looked up when it is created, so that no name is deferred here.

  Four-part names: right for looking at one or a few campaigns, because a predicate on id_campana is sent to the other
  server. For all of them usp_conciliar_campanas uses OPENQUERY, which sums over there.
  A campaign of one side alone is shown, with NULL on the other side, which is not 0.
*/
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO

CREATE OR ALTER VIEW dbo.v_ingresos_y_ventas
AS
SELECT
    COALESCE(a.id_campana, v.id_campana) AS id_campana,
    a.nombre AS campana,
    a.moneda AS moneda_ads,
    v.moneda AS moneda_crm,
    a.ingresos AS ingresos_ads,
    v.vendido AS vendido_crm,
    v.ventas AS ventas_crm
FROM (
    SELECT
        c.id_campana,
        c.nombre,
        c.moneda,
        SUM(r.ingresos) AS ingresos
    FROM PROMPTADS.PromptAds.etl.campanas AS c
    LEFT JOIN PROMPTADS.PromptAds.etl.rendimiento_diario AS r ON c.id_campana = r.id_campana
    GROUP BY c.id_campana, c.nombre, c.moneda
) AS a
FULL OUTER JOIN (
    SELECT
        id_campana,
        moneda,
        SUM(total) AS vendido,
        COUNT_BIG(*) AS ventas
    FROM dbo.ventas
    GROUP BY id_campana, moneda
) AS v ON a.id_campana = v.id_campana;
GO
