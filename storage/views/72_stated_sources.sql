-- Which media does a report name as where its claims come from? One row for each phrase in the text of each article today.
CREATE VIEW stated_sources AS
SELECT
  article.id                                                                                              AS article,
  source.name                                                                                             AS outlet,
  article.title,
  article.url,
  article.time                                                                                            AS at,
  membership.story_id                                                                                     AS story,
  stated_source.name,
  stated_source.wording,
  substr(block.text, CAST(stated_source.start_at AS integer) + 1,
         CAST(stated_source.end_at - stated_source.start_at AS integer))                                  AS phrase,
  stated_source.position,
  stated_source.start_at,
  stated_source.end_at
FROM stated_source
JOIN reading ON reading.id = stated_source.reading_id
JOIN block ON block.version_id = reading.version_id AND block.position = stated_source.position
JOIN article ON article.id = reading.article_id
JOIN source ON source.id = article.source_id
LEFT JOIN membership ON membership.article_id = article.id AND membership.left_at IS NULL
WHERE reading.is_current
