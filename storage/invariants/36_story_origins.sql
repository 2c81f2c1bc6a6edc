-- Every own text of a story that was counted has its origin there, none has one elsewhere, and `origins` equals a recount.
SELECT story.id AS story, story.origins, coalesce(told.origins, 0) AS recounted, stands.own_texts, told.own_texts AS told
FROM story
LEFT JOIN (
  SELECT story_id, count(DISTINCT number) AS origins, count(*) AS own_texts FROM story_origin GROUP BY story_id
) AS told ON told.story_id = story.id
LEFT JOIN (
  SELECT membership.story_id, count(DISTINCT article.copy_group_id) AS own_texts,
         count(DISTINCT story_origin.copy_group_id) AS with_origin
  FROM membership
  JOIN article ON article.id = membership.article_id
  LEFT JOIN story_origin
    ON story_origin.story_id = membership.story_id AND story_origin.copy_group_id = article.copy_group_id
  WHERE membership.left_at IS NULL
  GROUP BY membership.story_id
) AS stands ON stands.story_id = story.id
WHERE story.origins IS NOT NULL
  AND (story.origins <> coalesce(told.origins, 0)
    OR coalesce(stands.own_texts, 0) <> coalesce(told.own_texts, 0)
    OR coalesce(stands.own_texts, 0) <> coalesce(stands.with_origin, 0))
