-- Which mirror rows are older than their tombstone? A row that came back after its deletion is newer, and stays.
DELETE FROM {mirror} AS mirror
USING (SELECT {key}, max(_version) AS _version FROM staged_deletions GROUP BY {key}) AS newest
WHERE {same_key} AND mirror._version < newest._version
