-- Where one piece's deletions wait.
CREATE TEMP TABLE staged_deletions (
    {key_columns},
    _version bigint NOT NULL
) ON COMMIT DROP
