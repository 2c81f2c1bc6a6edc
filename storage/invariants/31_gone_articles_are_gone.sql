-- An article counts as gone while its own page is gone, and no longer once that page was read again.
SELECT article.id AS article, article.url, article.gone_at, page.state
FROM article
JOIN page ON page.article_id = article.id AND page.key = article.key
WHERE (page.state = 'gone' AND article.gone_at IS NULL)
   OR (page.state = 'read' AND article.gone_at IS NOT NULL)
