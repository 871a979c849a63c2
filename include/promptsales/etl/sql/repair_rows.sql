-- Write into the mirror what it lacks or holds otherwise, with the source's version, whatever the mirror's was.
MERGE INTO {mirror} AS mirror
USING (
    SELECT staged_rows.* FROM staged_rows INNER JOIN differences USING ({key})
) AS newest ON {same_key}
WHEN MATCHED THEN
    UPDATE SET {assignments}, _version = newest._version, _load_id = %(load_id)s
WHEN NOT MATCHED THEN
    INSERT ({columns}, _version, _load_id) VALUES ({newest_columns}, newest._version, %(load_id)s)
