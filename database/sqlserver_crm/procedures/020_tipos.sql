/*
  PromptCRM: table types, for whole batches in one call.

  A type in use cannot be altered: changing one means dropping the procedures that take it, and it, first.
  Columns that must be given are NOT NULL here; what else makes a row wrong is told by the procedures, with an error
  number of their own.
*/

-- Customers to register. orden: whatever number the caller knows the row by. The texts are in clear only here, in the
-- caller's own batch: no table ever holds them.
IF TYPE_ID(N'dbo.tipo_clientes') IS NULL
    CREATE TYPE dbo.tipo_clientes AS TABLE (
        orden int NOT NULL PRIMARY KEY,
        nombre nvarchar(80) NOT NULL,
        apellidos nvarchar(120) NOT NULL,
        documento nvarchar(60) NOT NULL,
        correo nvarchar(200) NOT NULL,
        telefono nvarchar(40) NOT NULL,
        fecha_nacimiento date NOT NULL,
        genero char(1) NOT NULL,
        pais nvarchar(60) NOT NULL,
        codigo_pais char(2) NOT NULL,
        region nvarchar(80) NOT NULL,
        ciudad nvarchar(80) NOT NULL,
        latitud decimal(9, 6) NOT NULL,
        longitud decimal(9, 6) NOT NULL,
        id_campana_origen int NOT NULL
    );
GO

-- Lines of one sale. The amount is not given: it is cantidad times precio_unitario.
IF TYPE_ID(N'dbo.tipo_lineas_venta') IS NULL
    CREATE TYPE dbo.tipo_lineas_venta AS TABLE (
        numero_linea smallint NOT NULL PRIMARY KEY,
        producto nvarchar(120) NOT NULL,
        cantidad int NOT NULL,
        precio_unitario decimal(18, 2) NOT NULL
    );
GO

-- Keys of customers.
IF TYPE_ID(N'dbo.tipo_claves') IS NULL
    CREATE TYPE dbo.tipo_claves AS TABLE (clave int NOT NULL PRIMARY KEY);
GO
