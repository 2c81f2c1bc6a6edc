-- What were operators asked, and what did they say? One row an answer.
CREATE VIEW reviews AS
SELECT
  review.id                                   AS review,
  review.kind,                                -- least_certain and drawn: a join; miss: two stories that nearly are one
  review.article_a_id                         AS article_a,   -- of a join: the one that joined
  source_a.name                               AS outlet_a,
  version_a.title                             AS title_a,     -- as it was when it was asked about
  review.article_b_id                         AS article_b,
  source_b.name                               AS outlet_b,
  version_b.title                             AS title_b,
  review.score,
  review.needed,
  review.answer,                              -- yes: one event
  review.decision_id                          AS decision,
  decision.decided_by,
  decision.decided_at,
  decision.why,
  decision.undone_at                          -- null: it stands
FROM review
JOIN decision ON decision.id = review.decision_id
JOIN article AS article_a ON article_a.id = review.article_a_id
JOIN source AS source_a ON source_a.id = article_a.source_id
JOIN reading AS reading_a ON reading_a.id = review.reading_a_id
JOIN version AS version_a ON version_a.id = reading_a.version_id
JOIN article AS article_b ON article_b.id = review.article_b_id
JOIN source AS source_b ON source_b.id = article_b.source_id
JOIN reading AS reading_b ON reading_b.id = review.reading_b_id
JOIN version AS version_b ON version_b.id = reading_b.version_id
