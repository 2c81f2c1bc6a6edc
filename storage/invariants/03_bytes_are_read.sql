-- No page counts as read while its newest bytes wait to be read.
SELECT page.id AS page, page.url, raw_body.id AS raw_body
FROM page
JOIN raw_body ON raw_body.page_id = page.id AND raw_body.read_at IS NULL
WHERE page.state = 'read'
  AND NOT EXISTS (SELECT 1 FROM raw_body AS newer WHERE newer.page_id = page.id AND newer.id > raw_body.id)
