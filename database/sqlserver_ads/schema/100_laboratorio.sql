/*
  PromptAds: a table to try isolation levels and deadlocks on, that nothing else reads. It is not exported.

  A run has rows of its own; those that are a day old are removed by the next run.
*/
IF OBJECT_ID(N'dbo.laboratorio', N'U') IS NULL
BEGIN
    CREATE TABLE dbo.laboratorio (
        corrida nvarchar(40) NOT NULL,
        clave int NOT NULL,
        valor int NOT NULL,
        creado_en datetime2(3) NOT NULL CONSTRAINT DF_laboratorio_creado_en DEFAULT (SYSUTCDATETIME()),
        CONSTRAINT PK_laboratorio PRIMARY KEY CLUSTERED (corrida, clave)
    );
END;
GO
