-- The month-end commission run. CALL ops.calcular_comisiones(DATE '2025-09-01'), outside a transaction:
-- it commits after each batch and remembers up to whom it got, so that after a kill the same call goes on from there.
-- A finished month is left as it is; to have it made again, delete its rows in ops.comisiones and
-- ops.corridas_comision. Two calls at once take turns by batch.

-- One batch; returns whether it was the last. With its owner's rights: who may run the commissions may not write them.
CREATE OR REPLACE FUNCTION ops.comisionar_lote(p_mes date, p_lote integer) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    c_influencers CURSOR (despues_de integer) FOR
        SELECT base.id_influencer, base.ventas, base.base_usd, tarifa.porcentaje
        FROM ops.base_comision(p_mes) AS base
        CROSS JOIN LATERAL (
            SELECT tarifas.porcentaje
            FROM ops.tarifa_comision AS tarifas
            WHERE tarifas.desde_usd <= base.base_usd
            ORDER BY tarifas.desde_usd DESC
            LIMIT 1
        ) AS tarifa
        WHERE base.id_influencer > despues_de
        ORDER BY base.id_influencer;
    fila record;
    corrida ops.corridas_comision;
    hechos integer := 0;
BEGIN
    SELECT * INTO STRICT corrida FROM ops.corridas_comision WHERE mes = p_mes FOR UPDATE;
    IF corrida.estado = 'terminada' THEN
        RETURN TRUE;
    END IF;
    OPEN c_influencers (corrida.ultimo_influencer);
    WHILE hechos < p_lote LOOP
        FETCH c_influencers INTO fila;
        EXIT WHEN NOT FOUND;
        INSERT INTO ops.comisiones AS comision (mes, id_influencer, ventas, base_usd, porcentaje, comision_usd)
        VALUES (
            p_mes, fila.id_influencer, fila.ventas, fila.base_usd, fila.porcentaje,
            round(fila.base_usd * fila.porcentaje / 100, 2)
        );
        corrida.ultimo_influencer := fila.id_influencer;
        hechos := hechos + 1;
    END LOOP;
    CLOSE c_influencers;
    UPDATE ops.corridas_comision
    SET
        ultimo_influencer = corrida.ultimo_influencer,
        procesados = procesados + hechos,
        estado = CASE WHEN hechos < p_lote THEN 'terminada' ELSE 'en_curso' END
    WHERE mes = p_mes;
    RETURN hechos < p_lote;
END
$$;

-- Open the run of a closed month, unless it is open already.
CREATE OR REPLACE FUNCTION ops.abrir_corrida_comision(p_mes date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF p_mes IS NULL OR p_mes <> date_trunc('month', p_mes) THEN
        RAISE EXCEPTION 'commissions are of a whole month: give its first day, not %', coalesce(p_mes::text, 'NULL')
        USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF p_mes + interval '1 month' > current_date THEN
        RAISE EXCEPTION 'the month of % is not over: run its commissions from % on',
            p_mes, (p_mes + interval '1 month')::date
        USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    INSERT INTO ops.corridas_comision (mes) VALUES (p_mes) ON CONFLICT DO NOTHING;
END
$$;

CREATE OR REPLACE PROCEDURE ops.calcular_comisiones(p_mes date, p_lote integer DEFAULT 50)
LANGUAGE plpgsql
AS $$
DECLARE
    terminada boolean := FALSE;
BEGIN
    IF p_lote IS NULL OR p_lote < 1 THEN
        RAISE EXCEPTION 'a batch has at least one influencer, not %', coalesce(p_lote::text, 'NULL')
        USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM ops.abrir_corrida_comision(p_mes);
    COMMIT;
    WHILE NOT terminada LOOP
        terminada := ops.comisionar_lote(p_mes, p_lote);
        COMMIT;
    END LOOP;
END
$$;

REVOKE ALL ON FUNCTION ops.comisionar_lote(date, integer), ops.abrir_corrida_comision(date) FROM public;
REVOKE ALL ON PROCEDURE ops.calcular_comisiones(date, integer) FROM public;
GRANT EXECUTE ON FUNCTION ops.comisionar_lote(date, integer), ops.abrir_corrida_comision(date) TO promptsales_gerente;
GRANT EXECUTE ON PROCEDURE ops.calcular_comisiones(date, integer) TO promptsales_gerente;
