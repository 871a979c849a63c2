-- What do the influencers earn on last month's sales? Runs the month-end commissions; after a kill, run it again: it
-- goes on where it got to. Outside a transaction, because it commits after each batch.
CALL ops.calcular_comisiones((date_trunc('month', current_date) - INTERVAL '1 month')::date);
