-- Which keys does dw hold of a mirror whose position is unknown? They are compared with it too: some may be gone.
INSERT INTO {changed} ({key})
SELECT {held_key} FROM {target} WHERE {only}
EXCEPT
SELECT {key} FROM {changed}
