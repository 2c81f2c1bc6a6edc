-- What happened, and how widely was it told? One row a story; counters live on the story, so this reads no articles.
CREATE VIEW stories AS
SELECT
  story.id                                    AS story,
  story.title,
  story.articles,
  story.outlets,
  story.owners,                               -- outlets of one owner count once
  story.copy_groups,                          -- own texts: reprints of one text count once
  story.origins,                              -- independent ones; null until a fold has counted them
  story.first_at,
  story.last_at,
  :minutes(story.first_at, story.last_at)     AS minutes,
  source.name                                 AS first_outlet,
  first_article.url                           AS first_url,
  story.language,
  story.state
FROM story
LEFT JOIN article AS first_article ON first_article.id = story.first_article_id
LEFT JOIN source ON source.id = first_article.source_id
WHERE story.state IN ('open', 'frozen')
