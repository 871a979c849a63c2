-- The current state of one source table: its columns, the version that set them, the load that wrote them.
CREATE TABLE IF NOT EXISTS {mirror} (
    {columns},
    _version bigint NOT NULL,
    _load_id bigint NOT NULL,
    PRIMARY KEY ({key})
)
