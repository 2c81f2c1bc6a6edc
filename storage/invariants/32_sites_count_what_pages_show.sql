-- What a site's memory counts of a block is what the pages it knows show.
WITH RECURSIVE place (number) AS (
  SELECT 0
  UNION ALL
  SELECT number + 1
  FROM place
  WHERE number + 1 < (SELECT coalesce(max(length(digests)), 0) / 8 FROM site_page WHERE page_group IS NOT NULL)
),
shown AS (
  SELECT site_page.site_id, substr(site_page.digests, 8 * place.number + 1, 8) AS digest, page_group, day
  FROM site_page
  JOIN place ON 8 * place.number < length(site_page.digests)
  WHERE page_group IS NOT NULL
),
counted AS (
  SELECT site_id, digest, count(DISTINCT page_group) AS page_groups, count(DISTINCT day) AS days
  FROM shown
  GROUP BY site_id, digest
)
SELECT
  site_block.site_id AS site, site_block.digest AS block, site_block.page_groups, site_block.days,
  counted.page_groups AS page_groups_shown, counted.days AS days_shown
FROM site_block
LEFT JOIN counted ON counted.site_id = site_block.site_id AND counted.digest = site_block.digest
WHERE site_block.page_groups <> coalesce(counted.page_groups, 0) OR site_block.days <> coalesce(counted.days, 0)
UNION ALL
SELECT counted.site_id, counted.digest, NULL, NULL, counted.page_groups, counted.days
FROM counted
LEFT JOIN site_block ON site_block.site_id = counted.site_id AND site_block.digest = counted.digest
WHERE site_block.digest IS NULL
