-- Whose is this document, e-mail or telephone? In clear only for a login that may decrypt, and then on the record.
EXECUTE dbo.usp_buscar_cliente @tipo = %(tipo)s, @valor = %(valor)s;
