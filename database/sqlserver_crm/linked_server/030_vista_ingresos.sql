/*
  PromptCRM: what each campaign earned by PromptAds' account, beside what was sold by this one. Run after 020, with the
  link up: the columns of a view are looked up when it is created, so that no name is deferred here.

  sqlcmd variables: ADS_LINK_PASSWORD, CRM_REPORT_LOGIN, as in 020. The login that runs this file is not the one that
  may use the link, and without a mapping it would get error 7416 when the columns are looked up: so it has one while
  the view is made, and none afterwards. Should the file stop in between, run it again: its end takes the mapping away.

  Four-part names: right for looking at one or a few campaigns, because a predicate on id_campana is sent to the other
  server. For all of them usp_conciliar_campanas uses OPENQUERY, which sums over there.
  A campaign of one side alone is shown, with NULL on the other side, which is not 0.
*/
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO

IF SUSER_SNAME() <> N'$(CRM_REPORT_LOGIN)'
BEGIN
    DECLARE @instala sysname = SUSER_SNAME();
    EXECUTE master.dbo.sp_addlinkedsrvlogin
        @rmtsrvname = N'PROMPTADS',
        @useself = N'False',
        @locallogin = @instala,
        @rmtuser = N'promptcrm_vinculo',
        @rmtpassword = N'$(ADS_LINK_PASSWORD)';
END;
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

IF SUSER_SNAME() <> N'$(CRM_REPORT_LOGIN)'
BEGIN
    DECLARE @instala sysname = SUSER_SNAME();
    EXECUTE master.dbo.sp_droplinkedsrvlogin @rmtsrvname = N'PROMPTADS', @locallogin = @instala;
END;
GO

GRANT SELECT ON OBJECT::dbo.v_ingresos_y_ventas TO rol_lee_enmascarado;
GO
