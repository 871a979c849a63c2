-- Is this cause known, and is it time to tell of it? A cause that is new, of which no message has arrived, or whose last
-- message is older than the reminder period, is due; it counts as told from here on, so that nobody else tells it too.
INSERT INTO ops.alerts AS known (huella, ambito, tipo, asunto, mensaje, enlace, desde, avisada_en)
VALUES (%(fingerprint)s, %(scope)s, %(kind)s, %(subject)s, %(message)s, %(link)s, %(since)s, now())
ON CONFLICT (huella) WHERE resuelta_en IS NULL DO UPDATE
SET
    mensaje = excluded.mensaje,
    enlace = excluded.enlace,
    desde = least(known.desde, excluded.desde),
    vista_en = now(),
    veces = known.veces + 1,
    avisada_en = CASE WHEN known.avisada_en > now() - %(reminder)s::interval THEN known.avisada_en ELSE now() END
RETURNING id_alerta, desde, veces, avisada_en = now() AS due
