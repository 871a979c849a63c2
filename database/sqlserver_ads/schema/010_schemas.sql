/*
  PromptAds: schemas, and the record of what has been applied.

  dbo  tables, written by the applications.
  etl  the delta contract: the views that the warehouse reads, and nothing else.

  Both belong to dbo. With one owner the ownership chain is unbroken, so that whoever may read a view of etl
  needs no right on the tables under it.
*/
IF SCHEMA_ID(N'etl') IS NULL
    EXECUTE (N'CREATE SCHEMA etl AUTHORIZATION dbo;');
GO

-- One row a file of this folder, written by `promptsales db init` once the whole file has run.
IF OBJECT_ID(N'dbo.migraciones', N'U') IS NULL
BEGIN
    CREATE TABLE dbo.migraciones (
        archivo nvarchar(200) NOT NULL,
        sha256 char(64) NOT NULL,
        aplicado_en datetime2(3) NOT NULL CONSTRAINT DF_migraciones_aplicado_en DEFAULT (SYSUTCDATETIME()),
        CONSTRAINT PK_migraciones PRIMARY KEY CLUSTERED (archivo)
    );
END;
GO
