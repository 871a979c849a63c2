-- How do the affected rows stand in the mirror?
SELECT {columns} FROM {mirror} JOIN {affected} USING ({key})
