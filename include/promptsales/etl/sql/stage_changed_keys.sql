-- Where the keys wait that changed at the source since the mirror's last load: they are not compared.
CREATE TEMP TABLE changed_keys (
    {key_columns},
    _version bigint NOT NULL
) ON COMMIT DROP
