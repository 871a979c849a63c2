-- Which active customers are nearest to a point?
EXECUTE dbo.usp_clientes_cercanos
    @latitud = %(latitud)s,
    @longitud = %(longitud)s,
    @kilometros = %(kilometros)s,
    @cuantos = %(cuantos)s;
