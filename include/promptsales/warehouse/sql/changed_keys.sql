-- Which keys of a mirror did loads write or delete after the one up to which dw is built?
CREATE TEMP TABLE {changed} ON COMMIT DROP AS
SELECT {key} FROM {mirror} WHERE _load_id > {low}
UNION
SELECT {deleted_key} FROM etl.deleted_rows
WHERE source = {source} AND table_name = {table} AND load_id > {low}
