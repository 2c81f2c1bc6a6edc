-- Every reference leads to a row that exists (PostgreSQL sees to that by itself).
SELECT "table" AS "table", rowid AS "row", parent AS refers_to FROM pragma_foreign_key_check
