-- One row a key: of two documents whose keys are the same text in the mirror, the one that was read last.
DELETE FROM staged_rows AS newest
USING (SELECT {key}, max(seq) AS seq FROM staged_rows GROUP BY {key} HAVING count(*) > 1) AS mirror
WHERE {same_key} AND newest.seq < mirror.seq
