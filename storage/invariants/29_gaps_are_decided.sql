-- A gap says why it is what it is, and when that was decided; what was missed belongs to gaps that are confirmed.
SELECT gap.id AS gap, gap.state, gap.pages_missed
FROM gap
WHERE gap.reason IS NULL
   OR (gap.state = 'suspected') <> (gap.decided_at IS NULL)
   OR (gap.state IN ('confirmed', 'closed')) <> (gap.pages_missed > 0)
   OR (gap.state = 'refuted' AND EXISTS (SELECT 1 FROM page WHERE page.gap_id = gap.id))
