-- Every page is in a lawful state: what was refused or failed has its reason, what is being fetched its lease and run.
SELECT page.id AS page, page.url, page.state
FROM page
WHERE page.state NOT IN ('waiting', 'fetching', 'fetched', 'read', 'refused', 'failed', 'gone')
   OR (page.state IN ('refused', 'failed') AND page.reason IS NULL)
   OR (page.state = 'fetching' AND (page.leased_until IS NULL OR page.run_id IS NULL))
