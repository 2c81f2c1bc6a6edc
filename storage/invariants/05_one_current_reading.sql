-- Every article stands by exactly one current reading.
SELECT article.id AS article, article.url, count(reading.id) AS current_readings
FROM article
LEFT JOIN reading ON reading.article_id = article.id AND reading.is_current
GROUP BY article.id, article.url
HAVING count(reading.id) <> 1
