-- Which is the last load of a mirror that this transaction sees? Loads of one table commit in the order of their ids;
-- 0 is before the first.
SELECT
    greatest(
        0,
        (SELECT max(_load_id) FROM {mirror}),
        (SELECT max(load_id) FROM etl.deleted_rows WHERE source = {source} AND table_name = {table})
    )
