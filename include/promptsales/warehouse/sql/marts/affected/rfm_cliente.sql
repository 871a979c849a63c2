-- Which customers? Those that changed, themselves or by a sale.
SELECT id_cliente FROM customer_changes
