-- A closed gap has its pages, all of them fetched, and says when it was closed; no other gap does.
SELECT gap.id AS gap, gap.state, page.url
FROM gap
LEFT JOIN page ON page.gap_id = gap.id AND page.fetched_at IS NULL
WHERE (gap.state = 'closed' AND page.id IS NOT NULL)
   OR (gap.state = 'closed') <> (gap.closed_at IS NOT NULL)
