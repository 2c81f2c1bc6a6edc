-- No current story violates a decision that stands; what became one text, or must be together, is not kept apart.
WITH RECURSIVE
place AS (
  SELECT article.id AS article, article.copy_group_id AS copy_group, membership.story_id AS story
  FROM article
  JOIN reading
    ON reading.article_id = article.id AND reading.is_current AND reading.folded_at IS NOT NULL
   AND reading.kind = 'article'
  JOIN membership ON membership.article_id = article.id AND membership.left_at IS NULL
),
standing AS (
  SELECT decision.id AS decision, link.kind, a.copy_group_id AS group_a, b.copy_group_id AS group_b,
         place_a.story AS story_a, place_b.story AS story_b
  FROM decision
  JOIN decision_link AS link ON link.decision_id = decision.id
  JOIN article AS a ON a.id = link.article_a_id
  JOIN article AS b ON b.id = link.article_b_id
  LEFT JOIN place AS place_a ON place_a.article = a.id
  LEFT JOIN place AS place_b ON place_b.article = b.id
  WHERE decision.undone_at IS NULL
),
tie (one, other) AS (
  SELECT group_a, group_b FROM standing WHERE kind = 'must_link'
  UNION
  SELECT group_b, group_a FROM standing WHERE kind = 'must_link'
),
reached (start, copy_group) AS (
  SELECT group_a, group_a FROM standing WHERE kind = 'cannot_link'
  UNION
  SELECT reached.start, tie.other FROM reached JOIN tie ON tie.one = reached.copy_group
)
SELECT decision, kind, group_a, group_b, story_a, story_b
FROM standing
WHERE (kind = 'must_link' AND story_a <> story_b)
   OR (
     kind = 'cannot_link' AND story_a = story_b
     AND NOT EXISTS (
       SELECT 1 FROM reached WHERE reached.start = standing.group_a AND reached.copy_group = standing.group_b
     )
   )
