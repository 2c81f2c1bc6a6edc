-- A line is cut as its site's own while the site's memory says so, or until its reading is looked at again.
SELECT label.reading_id AS reading, label.position
FROM label
JOIN reading ON reading.id = label.reading_id
LEFT JOIN site_work ON site_work.reading_id = label.reading_id
WHERE label.digest IS NOT NULL
  AND reading.is_current
  AND site_work.reading_id IS NULL
  AND NOT EXISTS (
    SELECT 1 FROM site_block
    WHERE site_block.digest = label.digest AND site_block.furniture_since IS NOT NULL
  )
