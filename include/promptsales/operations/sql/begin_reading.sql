-- Read as the role that sees control tables and no refused row, and give up rather than hold an operator up.
SET ROLE promptsales_operador;
SET statement_timeout = '5s'
