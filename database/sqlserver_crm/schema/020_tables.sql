/*
  PromptCRM: sequences and tables.

  Keys come from sequences, so that seeding may choose its own and restart the sequence after them.
  Every table carries rv, a rowversion: the position of its last change in the order of the database.
  id_campana and id_canal are keys of PromptAds: another database, so no foreign key can hold them.
*/
IF OBJECT_ID(N'dbo.seq_clientes', N'SO') IS NULL
    CREATE SEQUENCE dbo.seq_clientes AS int START WITH 1 INCREMENT BY 1 CACHE 1000;
GO
IF OBJECT_ID(N'dbo.seq_leads', N'SO') IS NULL
    CREATE SEQUENCE dbo.seq_leads AS int START WITH 1 INCREMENT BY 1 CACHE 1000;
GO
IF OBJECT_ID(N'dbo.seq_ventas', N'SO') IS NULL
    CREATE SEQUENCE dbo.seq_ventas AS int START WITH 1 INCREMENT BY 1 CACHE 1000;
GO
IF OBJECT_ID(N'dbo.seq_consentimientos', N'SO') IS NULL
    CREATE SEQUENCE dbo.seq_consentimientos AS int START WITH 1 INCREMENT BY 1 CACHE 1000;
GO

-- People. Document, e-mail and telephone exist only as ciphertext and as a keyed hash (HMAC-SHA256) to look
-- them up by: there is no plaintext of them in this database.
IF OBJECT_ID(N'dbo.clientes', N'U') IS NULL
BEGIN
    CREATE TABLE dbo.clientes (
        id_cliente int NOT NULL CONSTRAINT DF_clientes_id_cliente DEFAULT (NEXT VALUE FOR dbo.seq_clientes),
        nombre nvarchar(80) NOT NULL,
        apellidos nvarchar(120) NOT NULL,
        documento_cifrado varbinary(512) NULL,
        documento_hash binary(32) NOT NULL,
        correo_cifrado varbinary(512) NULL,
        correo_hash binary(32) NOT NULL,
        telefono_cifrado varbinary(512) NULL,
        telefono_hash binary(32) NOT NULL,
        fecha_nacimiento date NOT NULL,
        genero char(1) NOT NULL,
        segmento nvarchar(20) NOT NULL,
        pais nvarchar(60) NOT NULL,
        codigo_pais char(2) NOT NULL,
        region nvarchar(80) NOT NULL,
        ciudad nvarchar(80) NOT NULL,
        latitud decimal(9, 6) NOT NULL,
        longitud decimal(9, 6) NOT NULL,
        id_campana_origen int NOT NULL,
        fecha_registro datetime2(3) NOT NULL,
        activo bit NOT NULL CONSTRAINT DF_clientes_activo DEFAULT (1),
        rv rowversion NOT NULL,
        CONSTRAINT PK_clientes PRIMARY KEY CLUSTERED (id_cliente),
        CONSTRAINT UQ_clientes_documento_hash UNIQUE (documento_hash),
        CONSTRAINT CK_clientes_genero CHECK (genero IN ('F', 'M', 'X')),
        CONSTRAINT CK_clientes_segmento
            CHECK (segmento IN (N'nuevo', N'ocasional', N'frecuente', N'premium', N'inactivo')),
        CONSTRAINT CK_clientes_coordenadas CHECK (latitud BETWEEN -90 AND 90 AND longitud BETWEEN -180 AND 180)
    );
END;
GO

-- Contacts that a campaign brought, some of which became customers. puntaje: 0 to 100.
IF OBJECT_ID(N'dbo.leads', N'U') IS NULL
BEGIN
    CREATE TABLE dbo.leads (
        id_lead int NOT NULL CONSTRAINT DF_leads_id_lead DEFAULT (NEXT VALUE FOR dbo.seq_leads),
        id_campana int NOT NULL,
        id_canal int NOT NULL,
        id_cliente int NULL,
        estado nvarchar(20) NOT NULL,
        puntaje decimal(5, 2) NOT NULL,
        creado_en datetime2(3) NOT NULL CONSTRAINT DF_leads_creado_en DEFAULT (SYSUTCDATETIME()),
        convertido_en datetime2(3) NULL,
        rv rowversion NOT NULL,
        CONSTRAINT PK_leads PRIMARY KEY CLUSTERED (id_lead),
        CONSTRAINT FK_leads_clientes FOREIGN KEY (id_cliente) REFERENCES dbo.clientes (id_cliente),
        CONSTRAINT CK_leads_estado
            CHECK (estado IN (N'nuevo', N'contactado', N'calificado', N'convertido', N'perdido')),
        CONSTRAINT CK_leads_puntaje CHECK (puntaje BETWEEN 0 AND 100)
    );
END;
GO

-- Sales, each won by one campaign. total: sum of its lines, in moneda, which is the campaign's.
IF OBJECT_ID(N'dbo.ventas', N'U') IS NULL
BEGIN
    CREATE TABLE dbo.ventas (
        id_venta int NOT NULL CONSTRAINT DF_ventas_id_venta DEFAULT (NEXT VALUE FOR dbo.seq_ventas),
        id_cliente int NOT NULL,
        id_campana int NOT NULL,
        id_canal int NOT NULL,
        fecha datetime2(0) NOT NULL,
        total decimal(18, 2) NOT NULL,
        moneda char(3) NOT NULL,
        estado nvarchar(20) NOT NULL,
        referencia uniqueidentifier NOT NULL,
        rv rowversion NOT NULL,
        CONSTRAINT PK_ventas PRIMARY KEY CLUSTERED (id_venta),
        CONSTRAINT UQ_ventas_referencia UNIQUE (referencia),
        CONSTRAINT FK_ventas_clientes FOREIGN KEY (id_cliente) REFERENCES dbo.clientes (id_cliente),
        CONSTRAINT CK_ventas_estado CHECK (estado IN (N'confirmada', N'enviada', N'entregada')),
        CONSTRAINT CK_ventas_total CHECK (total >= 0)
    );
END;
GO

-- Lines of a sale. SUM(importe) of a sale equals ventas.total.
IF OBJECT_ID(N'dbo.lineas_venta', N'U') IS NULL
BEGIN
    CREATE TABLE dbo.lineas_venta (
        id_venta int NOT NULL,
        numero_linea smallint NOT NULL,
        producto nvarchar(120) NOT NULL,
        cantidad int NOT NULL,
        precio_unitario decimal(18, 2) NOT NULL,
        importe decimal(18, 2) NOT NULL,
        rv rowversion NOT NULL,
        CONSTRAINT PK_lineas_venta PRIMARY KEY CLUSTERED (id_venta, numero_linea),
        CONSTRAINT FK_lineas_venta_ventas FOREIGN KEY (id_venta) REFERENCES dbo.ventas (id_venta),
        CONSTRAINT CK_lineas_venta_cantidad CHECK (cantidad > 0),
        CONSTRAINT CK_lineas_venta_importes CHECK (precio_unitario >= 0 AND importe >= 0)
    );
END;
GO

-- What a customer allowed, medium by medium: a new row a decision, the latest one holds.
IF OBJECT_ID(N'dbo.consentimientos', N'U') IS NULL
BEGIN
    CREATE TABLE dbo.consentimientos (
        id_consentimiento int NOT NULL
            CONSTRAINT DF_consentimientos_id_consentimiento DEFAULT (NEXT VALUE FOR dbo.seq_consentimientos),
        id_cliente int NOT NULL,
        medio nvarchar(20) NOT NULL,
        otorgado bit NOT NULL,
        fecha datetime2(0) NOT NULL,
        fuente nvarchar(60) NOT NULL,
        rv rowversion NOT NULL,
        CONSTRAINT PK_consentimientos PRIMARY KEY CLUSTERED (id_consentimiento),
        CONSTRAINT FK_consentimientos_clientes FOREIGN KEY (id_cliente) REFERENCES dbo.clientes (id_cliente),
        CONSTRAINT CK_consentimientos_medio CHECK (medio IN (N'correo', N'telefono', N'mensaje'))
    );
END;
GO

-- Tombstones: a key that an exported table no longer holds. clave: JSON array of the key's values, in key
-- order.
IF OBJECT_ID(N'dbo.bajas', N'U') IS NULL
BEGIN
    CREATE TABLE dbo.bajas (
        id_baja bigint IDENTITY (1, 1) NOT NULL,
        tabla nvarchar(128) NOT NULL,
        clave nvarchar(200) NOT NULL,
        rv rowversion NOT NULL,
        CONSTRAINT PK_bajas PRIMARY KEY CLUSTERED (id_baja)
    );
END;
GO

-- How the data was seeded, and which tables are complete: what a second seeding goes by. Not exported.
IF OBJECT_ID(N'dbo.siembra', N'U') IS NULL
BEGIN
    CREATE TABLE dbo.siembra (
        parametro nvarchar(40) NOT NULL,
        valor nvarchar(80) NOT NULL,
        CONSTRAINT PK_siembra PRIMARY KEY CLUSTERED (parametro)
    );
END;
GO
