-- The counters, dates and first report of every story equal a recount.
SELECT story.id AS story, story.articles, counted.articles AS recounted, story.outlets, story.owners, story.copy_groups
FROM story
LEFT JOIN (
  SELECT
    membership.story_id,
    count(*)                                                        AS articles,
    count(DISTINCT article.source_id)                               AS outlets,
    count(DISTINCT coalesce(source.owner, source.name))             AS owners,
    count(DISTINCT article.copy_group_id)                           AS copy_groups,
    min(article.time)                                               AS first_at,
    max(article.time)                                               AS last_at
  FROM membership
  JOIN article ON article.id = membership.article_id
  JOIN source ON source.id = article.source_id
  WHERE membership.left_at IS NULL
  GROUP BY membership.story_id
) AS counted ON counted.story_id = story.id
LEFT JOIN article AS first_article ON first_article.id = story.first_article_id
LEFT JOIN membership AS first_place
  ON first_place.article_id = first_article.id AND first_place.story_id = story.id AND first_place.left_at IS NULL
WHERE story.articles <> coalesce(counted.articles, 0)
   OR story.outlets <> coalesce(counted.outlets, 0)
   OR story.owners <> coalesce(counted.owners, 0)
   OR story.copy_groups <> coalesce(counted.copy_groups, 0)
   OR (counted.articles > 0 AND (story.first_at <> counted.first_at OR story.last_at <> counted.last_at))
   OR (counted.articles > 0 AND (first_place.id IS NULL OR first_article.time <> counted.first_at))
