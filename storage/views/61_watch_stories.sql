-- Which stories match a watch? One row for each story of which an article matches it.
CREATE VIEW watch_stories AS
SELECT
  found.watch,
  found.story,
  story.title,
  found.matching,            -- articles of the story that match
  story.articles,
  story.outlets,
  story.owners,
  story.first_at,
  story.last_at,
  found.matched_at           -- when the first of them was found
FROM (
  SELECT
    watch.name                      AS watch,
    membership.story_id             AS story,
    count(*)                        AS matching,
    min(watch_article.matched_at)   AS matched_at
  FROM watch
  JOIN watch_article ON watch_article.watch_id = watch.id
  JOIN membership ON membership.article_id = watch_article.article_id AND membership.left_at IS NULL
  WHERE watch.is_enabled
  GROUP BY watch.name, membership.story_id
) AS found
JOIN story ON story.id = found.story
