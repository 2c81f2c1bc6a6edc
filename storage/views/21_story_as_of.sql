-- What did a story hold at a moment? Every place that an article ever had, from when to when: a condition picks those of then.
CREATE VIEW story_as_of AS
SELECT
  membership.story_id                         AS story,
  membership.joined_at,
  membership.left_at,                         -- null: it stands there today
  membership.left_reason,
  article.id                                  AS article,
  source.name                                 AS outlet,
  version.title,
  article.url,
  article.time                                AS at,
  membership.basis,
  membership.score,
  membership.reason,
  membership.decision_id                      AS decision,
  version.number                              AS version      -- of its text, then
FROM membership
JOIN article ON article.id = membership.article_id
JOIN source ON source.id = article.source_id
JOIN reading ON reading.id = membership.reading_id
JOIN version ON version.id = reading.version_id
