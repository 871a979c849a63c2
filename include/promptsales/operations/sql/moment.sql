-- Of which moment is what is read here?
SELECT now()
