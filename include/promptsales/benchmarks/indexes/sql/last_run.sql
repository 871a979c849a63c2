-- Which run was the last?
SELECT corrida FROM ops.index_benchmarks ORDER BY momento DESC LIMIT 1
