-- A match of a watch cites a reading of its article: the current one, or one that a newer has yet to replace.
SELECT watch.name AS watch, watch_article.article_id AS article
FROM watch_article
JOIN watch ON watch.id = watch_article.watch_id
JOIN reading ON reading.id = watch_article.reading_id
LEFT JOIN reading AS newest ON newest.article_id = watch_article.article_id AND newest.is_current
WHERE reading.article_id <> watch_article.article_id
   OR reading.id > watch.read_upto
   OR (NOT reading.is_current AND newest.id <= watch.read_upto)
