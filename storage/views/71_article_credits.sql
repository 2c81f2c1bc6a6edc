-- Who is a text by, in the page's own words? One row an article.
CREATE VIEW article_credits AS
SELECT
  article.id    AS article,
  source.name   AS outlet,
  article.title,
  article.url,
  article.time  AS at,
  article.agency,
  article.authors,
  article.byline,
  article.bio,
  article.credits
FROM article
JOIN source ON source.id = article.source_id
