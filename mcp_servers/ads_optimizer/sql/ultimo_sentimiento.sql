-- Which is the last day with mentions of any ad?
SELECT MAX(fecha) AS ultimo
FROM etl.sentimientos;
