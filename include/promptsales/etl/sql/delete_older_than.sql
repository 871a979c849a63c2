-- Which mirror rows did a complete snapshot not see? Those whose version is lower than the snapshot's.
DELETE FROM {mirror} WHERE _version < %(version)s
