-- How far did the contacts of some days get? A contact has no country before it is a customer: a reader who does not see
-- every country sees the customers of theirs alone.
SELECT
    lead.estado,
    COUNT_BIG(*) AS contactos,
    AVG(lead.puntaje) AS puntaje,
    AVG(1.0 * DATEDIFF(DAY, lead.creado_en, lead.convertido_en)) AS dias
FROM enmascarado.leads AS lead
WHERE lead.creado_en >= %(desde)s
    AND lead.creado_en < %(despues)s
    AND (%(id_campana)s IS NULL OR lead.id_campana = %(id_campana)s)
    AND (
        %(todos)s = 1
        OR EXISTS (
            SELECT 1
            FROM enmascarado.clientes AS cliente
            WHERE cliente.id_cliente = lead.id_cliente AND cliente.codigo_pais IN %(paises)s
        )
    )
GROUP BY lead.estado;
