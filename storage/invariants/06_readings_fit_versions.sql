-- Every reading is of a version of its own article.
SELECT reading.id AS reading, reading.article_id AS article, version.article_id AS article_of_version
FROM reading
JOIN version ON version.id = reading.version_id
WHERE version.article_id <> reading.article_id
