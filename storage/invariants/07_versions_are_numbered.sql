-- The versions of an article, and the readings of a version, are numbered from 1 without a gap.
SELECT 'article' AS what, version.article_id AS id, count(*) AS rows_found, max(version.number) AS highest
FROM version
GROUP BY version.article_id
HAVING count(*) <> max(version.number) OR min(version.number) <> 1
UNION ALL
SELECT 'version', reading.version_id, count(*), max(reading.number)
FROM reading
GROUP BY reading.version_id
HAVING count(*) <> max(reading.number) OR min(reading.number) <> 1
