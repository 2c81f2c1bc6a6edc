-- Keys are kept for current readings only, and only once these are keyed.
SELECT DISTINCT key.reading_id AS reading, reading.article_id AS article
FROM key
JOIN reading ON reading.id = key.reading_id
WHERE NOT reading.is_current OR reading.keyed_at IS NULL
