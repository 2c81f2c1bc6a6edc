-- A reading of kind article is keyed before it is grouped, and grouped before it is folded.
SELECT reading.id AS reading, reading.keyed_at, reading.grouped_at, reading.folded_at
FROM reading
WHERE reading.is_current
  AND reading.kind = 'article'
  AND ((reading.grouped_at IS NOT NULL AND reading.keyed_at IS NULL)
    OR (reading.folded_at IS NOT NULL AND reading.grouped_at IS NULL))
