-- Where one piece's rows wait: same types as the mirror, in the order they were read.
CREATE TEMP TABLE staged_rows (
    {columns},
    _version bigint NOT NULL,
    seq bigint GENERATED ALWAYS AS IDENTITY
) ON COMMIT DROP
