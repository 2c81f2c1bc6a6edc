-- The articles of one copy group stand in one story.
SELECT article.copy_group_id AS copy_group, count(DISTINCT membership.story_id) AS stories
FROM article
JOIN reading ON reading.article_id = article.id AND reading.is_current AND reading.folded_at IS NOT NULL
JOIN membership ON membership.article_id = article.id AND membership.left_at IS NULL
WHERE article.copy_group_id IS NOT NULL
GROUP BY article.copy_group_id
HAVING count(DISTINCT membership.story_id) > 1
