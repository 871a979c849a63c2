-- Bring the dated values to what the file says.
MERGE INTO {target} AS held
USING {changed} AS changed ON held.{subject} = changed.{subject} AND held.{day} = changed.{day}
WHEN MATCHED AND changed.{value} IS NULL THEN DELETE
WHEN MATCHED THEN UPDATE SET {value} = changed.{value}
WHEN NOT MATCHED THEN INSERT ({subject}, {day}, {value}) VALUES (changed.{subject}, changed.{day}, changed.{value})
