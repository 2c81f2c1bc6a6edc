-- Every grouped article stands in one copy group, and that group has not been merged into another.
SELECT article.id AS article, article.url, article.copy_group_id AS copy_group, copy_group.merged_into_id AS merged_into
FROM article
JOIN reading ON reading.article_id = article.id AND reading.is_current
LEFT JOIN copy_group ON copy_group.id = article.copy_group_id
WHERE reading.kind = 'article'
  AND reading.grouped_at IS NOT NULL
  AND (copy_group.id IS NULL OR copy_group.merged_into_id IS NOT NULL)
