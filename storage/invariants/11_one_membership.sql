-- Every folded article has exactly one current place in a story, by its current reading.
SELECT article.id AS article, article.url, count(membership.id) AS places
FROM article
JOIN reading ON reading.article_id = article.id AND reading.is_current
LEFT JOIN membership
  ON membership.article_id = article.id AND membership.left_at IS NULL AND membership.reading_id = reading.id
WHERE reading.kind = 'article' AND reading.folded_at IS NOT NULL
GROUP BY article.id, article.url
HAVING count(membership.id) <> 1
