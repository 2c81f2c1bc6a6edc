-- Who told a story, when, in whose words, and why do we say so? One row for each article's current place.
CREATE VIEW story_articles AS
SELECT
  membership.story_id                                                    AS story,
  row_number() OVER earlier                                              AS place,
  article.id                                                             AS article,
  source.name                                                            AS outlet,
  coalesce(source.owner, source.name)                                    AS owner,
  article.title,
  article.url,
  article.time                                                           AS at,
  article.published_doubt,
  :minutes(story.first_at, article.time)                                 AS minutes_behind,
  article.copy_group_id                                                  AS copy_group,
  article.copied_from_id                                                 AS copied_from,
  copied_from_source.name                                                AS copied_from_outlet,
  article.copied_share,
  article.copied_order,
  article.agency,
  membership.basis,
  membership.score,
  membership.runner_up,
  membership.margin,
  membership.reason,
  membership.decision_id                                                 AS decision,
  reading.words,
  version.is_partial,
  article.insecure_tls,
  article.gone_at
FROM membership
JOIN story ON story.id = membership.story_id
JOIN article ON article.id = membership.article_id
JOIN source ON source.id = article.source_id
JOIN reading ON reading.id = membership.reading_id
JOIN version ON version.id = reading.version_id
LEFT JOIN article AS copied_from ON copied_from.id = article.copied_from_id
LEFT JOIN source AS copied_from_source ON copied_from_source.id = copied_from.source_id
WHERE membership.left_at IS NULL
WINDOW earlier AS (PARTITION BY membership.story_id ORDER BY article.time, article.id)
