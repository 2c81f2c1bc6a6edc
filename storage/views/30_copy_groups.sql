-- Which text was printed where? One row a copy group, single texts included.
CREATE VIEW copy_groups AS
SELECT
  printed.copy_group,
  count(*)                                                   AS articles,
  count(DISTINCT printed.outlet)                             AS outlets,
  max(CASE WHEN printed.place = 1 THEN printed.outlet END)   AS first_outlet,
  max(CASE WHEN printed.place = 1 THEN printed.title END)    AS first_title,
  min(printed.at)                                            AS first_at,
  max(printed.at)                                            AS last_at,
  :list(printed.outlet)                                      AS carried_by
FROM (
  SELECT
    article.copy_group_id AS copy_group,
    source.name           AS outlet,
    article.title         AS title,
    article.time          AS at,
    row_number() OVER (PARTITION BY article.copy_group_id ORDER BY article.time, article.id) AS place
  FROM article
  JOIN source ON source.id = article.source_id
  WHERE article.copy_group_id IS NOT NULL
) AS printed
GROUP BY printed.copy_group
