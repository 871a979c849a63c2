/*
  PromptCRM: dynamic data masking of what personal data is not encrypted: names and the date of birth. No secrets.

  It is the second line, not the first: it is for those who have SELECT on the table (data_writer: applications that
  write customers), who see masks unless they are given UNMASK. Nobody else can read the table at all.

  An expression over a masked column is masked too, through views and procedures. So whoever is meant to see the outcome
  of one needs UNMASK on that column (granular since SQL Server 2022), which gives nothing without SELECT on the table:
    etl_reader           the year of birth in etl.clientes, which would read as 0 otherwise;
    rol_lee_enmascarado  the views of schema enmascarado, whose masks are their own;
    usuario_cifrado      the modules that show customers.
*/
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO

-- noqa: disable=PRS
-- The rights before the masks: between the two the ETL would read years of 0, and not come back for them.
GRANT UNMASK ON dbo.clientes (fecha_nacimiento) TO etl_reader;
GRANT UNMASK ON dbo.clientes (nombre) TO rol_lee_enmascarado;
GRANT UNMASK ON dbo.clientes (apellidos) TO rol_lee_enmascarado;
GRANT UNMASK ON dbo.clientes (fecha_nacimiento) TO rol_lee_enmascarado;
GRANT UNMASK ON dbo.clientes (nombre) TO usuario_cifrado;
GRANT UNMASK ON dbo.clientes (apellidos) TO usuario_cifrado;
GRANT UNMASK ON dbo.clientes (fecha_nacimiento) TO usuario_cifrado;
GO

IF NOT EXISTS (SELECT 1 FROM sys.masked_columns WHERE object_id = OBJECT_ID(N'dbo.clientes') AND name = N'nombre')
    ALTER TABLE dbo.clientes ALTER COLUMN nombre ADD MASKED WITH (FUNCTION = 'partial(1, "***", 0)');
GO
IF NOT EXISTS (SELECT 1 FROM sys.masked_columns WHERE object_id = OBJECT_ID(N'dbo.clientes') AND name = N'apellidos')
    ALTER TABLE dbo.clientes ALTER COLUMN apellidos ADD MASKED WITH (FUNCTION = 'partial(1, "***", 0)');
GO
IF NOT EXISTS (
    SELECT 1
    FROM sys.masked_columns
    WHERE object_id = OBJECT_ID(N'dbo.clientes') AND name = N'fecha_nacimiento'
)
    ALTER TABLE dbo.clientes ALTER COLUMN fecha_nacimiento ADD MASKED WITH (FUNCTION = 'default()');
GO

-- What audits report as access to personal data (sys.sensitivity_classifications), encrypted or not.
ADD SENSITIVITY CLASSIFICATION TO
dbo.clientes.nombre, dbo.clientes.apellidos, dbo.clientes.fecha_nacimiento, dbo.clientes.latitud, dbo.clientes.longitud
WITH (LABEL = 'Confidential - GDPR', INFORMATION_TYPE = 'Name and origin', RANK = MEDIUM);
ADD SENSITIVITY CLASSIFICATION TO
dbo.clientes.documento_cifrado, dbo.clientes.documento_hash, dbo.clientes.correo_cifrado, dbo.clientes.correo_hash,
dbo.clientes.telefono_cifrado, dbo.clientes.telefono_hash
WITH (LABEL = 'Highly confidential - GDPR', INFORMATION_TYPE = 'Contact Info', RANK = HIGH);
GO
-- noqa: enable=PRS
