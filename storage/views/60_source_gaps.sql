-- What may have come and gone unseen between two polls, and what the site's sitemap said of it? Open gaps first.
CREATE VIEW source_gaps AS
SELECT
  source.name                              AS outlet,
  coalesce(feed.former_url, feed.url)      AS feed,
  gap.state,
  gap.since,
  gap.until,
  :minutes(gap.since, gap.until)           AS minutes,
  gap.pages_listed,
  gap.pages_missed,
  coalesce(fetched.pages, 0)               AS pages_fetched,
  gap.reason,
  gap.sitemap_url                          AS sitemap,
  gap.opened_at,
  gap.decided_at,
  gap.closed_at
FROM gap
JOIN feed ON feed.id = gap.feed_id
JOIN source ON source.id = feed.source_id
LEFT JOIN (
  SELECT gap_id, count(*) AS pages
  FROM page
  WHERE gap_id IS NOT NULL AND fetched_at IS NOT NULL
  GROUP BY gap_id
) AS fetched ON fetched.gap_id = gap.id
ORDER BY CASE WHEN gap.state IN ('suspected', 'confirmed') THEN 0 ELSE 1 END, gap.opened_at DESC, gap.id DESC
