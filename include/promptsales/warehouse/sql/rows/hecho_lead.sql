-- How do the affected leads stand, and which version of the customer was it when they were made?
SELECT
    leads.id_lead,
    leads.creado_en::date AS fecha,
    leads.creado_en,
    leads.convertido_en,
    leads.id_campana,
    leads.id_canal,
    leads.id_cliente,
    version.cliente_clave,
    leads.estado,
    leads.puntaje
FROM affected_hecho_lead
JOIN ods_promptcrm.leads AS leads USING (id_lead)
LEFT JOIN dw.dim_cliente AS version ON
    version.id_cliente = leads.id_cliente
    AND version.vigente_desde <= leads.creado_en AT TIME ZONE 'UTC'
    AND version.vigente_hasta > leads.creado_en AT TIME ZONE 'UTC'
