-- Keys are kept for current readings only, in the bucket that these say.
SELECT DISTINCT key.reading_id AS reading, reading.article_id AS article
FROM key
JOIN reading ON reading.id = key.reading_id
WHERE NOT reading.is_current OR reading.bucket IS NULL OR reading.bucket <> key.bucket
