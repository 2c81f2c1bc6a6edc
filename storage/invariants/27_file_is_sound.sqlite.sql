-- The database file is sound.
SELECT integrity_check AS trouble FROM pragma_integrity_check WHERE integrity_check <> 'ok'
