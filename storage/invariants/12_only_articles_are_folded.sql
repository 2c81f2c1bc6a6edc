-- What is not of kind article stands in no copy group and in no story, once it has been folded.
SELECT article.id AS article, article.url, reading.kind, article.copy_group_id AS copy_group, membership.story_id AS story
FROM article
JOIN reading ON reading.article_id = article.id AND reading.is_current
LEFT JOIN membership ON membership.article_id = article.id AND membership.left_at IS NULL
WHERE reading.kind <> 'article'
  AND reading.folded_at IS NOT NULL
  AND (article.copy_group_id IS NOT NULL OR membership.id IS NOT NULL)
