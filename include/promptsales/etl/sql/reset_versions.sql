-- A source restored to an earlier state numbers its changes anew: any version it sends must win.
UPDATE {mirror} SET _version = 0 WHERE _version <> 0
