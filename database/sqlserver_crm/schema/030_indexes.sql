/*
  PromptCRM: secondary indexes.

  IX_<table>_rv serves the ETL, which reads in the order (rv, key). The others stand under a foreign key whose
  columns no primary key or unique constraint already begins with, or serve a look-up.
*/
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO

-- Order of change.
IF INDEXPROPERTY(OBJECT_ID(N'dbo.clientes'), N'IX_clientes_rv', 'IndexID') IS NULL
    CREATE INDEX IX_clientes_rv ON dbo.clientes (rv, id_cliente);
GO
IF INDEXPROPERTY(OBJECT_ID(N'dbo.leads'), N'IX_leads_rv', 'IndexID') IS NULL
    CREATE INDEX IX_leads_rv ON dbo.leads (rv, id_lead);
GO
IF INDEXPROPERTY(OBJECT_ID(N'dbo.ventas'), N'IX_ventas_rv', 'IndexID') IS NULL
    CREATE INDEX IX_ventas_rv ON dbo.ventas (rv, id_venta);
GO
IF INDEXPROPERTY(OBJECT_ID(N'dbo.lineas_venta'), N'IX_lineas_venta_rv', 'IndexID') IS NULL
    CREATE INDEX IX_lineas_venta_rv ON dbo.lineas_venta (rv, id_venta, numero_linea);
GO
IF INDEXPROPERTY(OBJECT_ID(N'dbo.consentimientos'), N'IX_consentimientos_rv', 'IndexID') IS NULL
    CREATE INDEX IX_consentimientos_rv ON dbo.consentimientos (rv, id_consentimiento);
GO
-- The ETL asks for the tombstones of one table at a time.
IF INDEXPROPERTY(OBJECT_ID(N'dbo.bajas'), N'IX_bajas_rv', 'IndexID') IS NULL
    CREATE INDEX IX_bajas_rv ON dbo.bajas (tabla, rv, clave);
GO

-- Foreign keys.
IF INDEXPROPERTY(OBJECT_ID(N'dbo.leads'), N'IX_leads_id_cliente', 'IndexID') IS NULL
    CREATE INDEX IX_leads_id_cliente ON dbo.leads (id_cliente);
GO
IF INDEXPROPERTY(OBJECT_ID(N'dbo.ventas'), N'IX_ventas_id_cliente', 'IndexID') IS NULL
    CREATE INDEX IX_ventas_id_cliente ON dbo.ventas (id_cliente);
GO
IF INDEXPROPERTY(OBJECT_ID(N'dbo.consentimientos'), N'IX_consentimientos_id_cliente', 'IndexID') IS NULL
    CREATE INDEX IX_consentimientos_id_cliente ON dbo.consentimientos (id_cliente);
GO

-- A customer by e-mail or telephone (their keyed hash); customers, contacts and sales of a campaign.
IF INDEXPROPERTY(OBJECT_ID(N'dbo.clientes'), N'IX_clientes_correo_hash', 'IndexID') IS NULL
    CREATE INDEX IX_clientes_correo_hash ON dbo.clientes (correo_hash);
GO
IF INDEXPROPERTY(OBJECT_ID(N'dbo.clientes'), N'IX_clientes_telefono_hash', 'IndexID') IS NULL
    CREATE INDEX IX_clientes_telefono_hash ON dbo.clientes (telefono_hash);
GO
IF INDEXPROPERTY(OBJECT_ID(N'dbo.clientes'), N'IX_clientes_id_campana_origen', 'IndexID') IS NULL
    CREATE INDEX IX_clientes_id_campana_origen ON dbo.clientes (id_campana_origen);
GO
IF INDEXPROPERTY(OBJECT_ID(N'dbo.leads'), N'IX_leads_id_campana', 'IndexID') IS NULL
    CREATE INDEX IX_leads_id_campana ON dbo.leads (id_campana);
GO
IF INDEXPROPERTY(OBJECT_ID(N'dbo.ventas'), N'IX_ventas_id_campana', 'IndexID') IS NULL
    CREATE INDEX IX_ventas_id_campana ON dbo.ventas (id_campana);
GO
