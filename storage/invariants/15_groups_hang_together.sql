-- Every copy group hangs together by current copy links, unless it is a part of what drifted apart.
WITH RECURSIVE
joined (here, there) AS (
  SELECT link.article_a_id, link.article_b_id
  FROM link
  JOIN reading AS reading_a ON reading_a.id = link.reading_a_id AND reading_a.is_current
  JOIN reading AS reading_b ON reading_b.id = link.reading_b_id AND reading_b.is_current
  WHERE link.kind = 'copy'
),
members (copy_group, article) AS (
  SELECT article.copy_group_id, article.id
  FROM article
  JOIN reading ON reading.article_id = article.id AND reading.is_current AND reading.grouped_at IS NOT NULL
  JOIN copy_group ON copy_group.id = article.copy_group_id AND NOT copy_group.is_part
),
reached (copy_group, article) AS (
  SELECT members.copy_group, min(members.article) FROM members GROUP BY members.copy_group
  UNION
  SELECT reached.copy_group, article.id
  FROM reached
  JOIN (SELECT here, there FROM joined UNION ALL SELECT there, here FROM joined) AS step ON step.here = reached.article
  JOIN article ON article.id = step.there AND article.copy_group_id = reached.copy_group
)
SELECT members.copy_group, members.article
FROM members
LEFT JOIN reached ON reached.copy_group = members.copy_group AND reached.article = members.article
WHERE reached.article IS NULL
