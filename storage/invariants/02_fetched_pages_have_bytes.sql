-- Every fetched page has raw bytes that wait to be read.
SELECT page.id AS page, page.url
FROM page
WHERE page.state = 'fetched'
  AND NOT EXISTS (SELECT 1 FROM raw_body WHERE raw_body.page_id = page.id AND raw_body.read_at IS NULL)
