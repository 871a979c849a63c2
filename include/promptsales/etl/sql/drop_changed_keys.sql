-- Not compared, in the source's copy: what changed since the last load.
DELETE FROM staged_rows AS newest
USING changed_keys AS mirror
WHERE {same_key}
