-- Which articles match a watch? One row for each match of a watch that is on.
CREATE VIEW watch_articles AS
SELECT
  watch.name                 AS watch,
  article.id                 AS article,
  source.name                AS outlet,
  article.title,
  article.url,
  article.kind,
  article.time               AS at,
  membership.story_id        AS story,
  article.copy_group_id      AS copy_group,
  watch_article.matched_at
FROM watch
JOIN watch_article ON watch_article.watch_id = watch.id
JOIN article ON article.id = watch_article.article_id
JOIN source ON source.id = article.source_id
LEFT JOIN membership ON membership.article_id = article.id AND membership.left_at IS NULL
WHERE watch.is_enabled
