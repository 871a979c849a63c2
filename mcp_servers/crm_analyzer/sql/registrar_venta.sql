-- A sale with its lines, or nothing of it: the lines come as JSON, so that the statement is the same for any number.
SET NOCOUNT ON;
DECLARE @lineas dbo.tipo_lineas_venta;
DECLARE @id_venta int;

INSERT INTO @lineas (numero_linea, producto, cantidad, precio_unitario)
SELECT numero, producto, cantidad, precio
FROM OPENJSON(%(lineas)s) WITH (
    numero smallint,
    producto nvarchar(120),
    cantidad int,
    precio decimal(18, 2)
);

EXECUTE dbo.usp_registrar_venta
    @id_cliente = %(id_cliente)s,
    @id_campana = %(id_campana)s,
    @id_canal = %(id_canal)s,
    @moneda = %(moneda)s,
    @referencia = %(referencia)s,
    @lineas = @lineas,
    @fecha = %(fecha)s,
    @id_venta = @id_venta OUTPUT;

SELECT @id_venta AS id_venta;
