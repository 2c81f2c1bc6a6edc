-- Every page that was read gave an article or a reason why not.
SELECT page.id AS page, page.url
FROM page
WHERE page.state = 'read' AND page.article_id IS NULL AND page.reason IS NULL
