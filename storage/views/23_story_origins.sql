-- From how many independent places does a story come, and what says so? One row for each own text of a story.
CREATE VIEW story_origins AS
SELECT
  story_origin.story_id           AS story,
  story_origin.number,                            -- texts with one number share an origin
  story_origin.origin,                            -- an outlet or an agency; null: undetermined
  story_origin.basis,
  story_origin.reason,
  story_origin.copy_group_id      AS copy_group,
  story_origin.via_copy_group_id  AS via_copy_group,    -- whose origin it shares: the longer text, or the stated medium's own report
  story_origin.article_id         AS article,           -- the first that prints the text
  source.name                     AS outlet,
  article.title,
  article.url,
  article.time                    AS at,
  story_origin.evidence
FROM story_origin
JOIN article ON article.id = story_origin.article_id
JOIN source ON source.id = article.source_id
