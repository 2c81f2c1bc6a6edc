-- Which text was printed where, and who wrote it? One row a copy group, single texts included.
CREATE VIEW copy_groups AS
SELECT
  printed.copy_group,
  count(*)                                                   AS articles,
  count(DISTINCT printed.text_key)                           AS texts,            -- that differ in any word
  count(DISTINCT printed.outlet)                             AS outlets,
  count(DISTINCT printed.owner)                              AS owners,
  coalesce(
    min(printed.group_agency),
    CASE WHEN sum(printed.may_be_first) = 1 THEN max(CASE WHEN printed.is_soonest = 1 THEN printed.outlet END) END
  )                                                          AS origin,
  CASE
    WHEN min(printed.group_agency) IS NOT NULL THEN 'agency'
    WHEN sum(printed.may_be_first) = 1 THEN 'first'
    ELSE 'undetermined'
  END                                                        AS origin_basis,
  max(CASE WHEN printed.place = 1 THEN printed.outlet END)   AS first_outlet,     -- by the times as they are claimed
  max(CASE WHEN printed.place = 1 THEN printed.title END)    AS first_title,
  min(printed.at)                                            AS first_at,
  max(printed.at)                                            AS last_at,
  :list(printed.outlet)                                      AS carried_by,
  min(printed.is_part)                                       AS is_part
FROM (
  SELECT
    article.copy_group_id                                            AS copy_group,
    article.text_key,
    source.name                                                      AS outlet,
    coalesce(source.owner, source.name)                              AS owner,
    article.title,
    article.time                                                     AS at,
    CASE WHEN copy_group.is_part THEN 1 ELSE 0 END                   AS is_part,
    (
      SELECT credited.agency
      FROM article AS credited
      WHERE credited.copy_group_id = article.copy_group_id AND credited.agency IS NOT NULL
      GROUP BY credited.agency
      ORDER BY count(*) DESC, credited.agency
      LIMIT 1
    )                                                                AS group_agency,
    row_number() OVER (PARTITION BY article.copy_group_id ORDER BY article.time, article.id) AS place,
    CASE WHEN article.latest_at = min(article.latest_at) OVER (PARTITION BY article.copy_group_id)
      THEN 1 ELSE 0 END                                              AS is_soonest,
    -- Whoever may have printed it before the soonest had: alone, that is the first.
    CASE WHEN article.earliest_at IS NULL
      OR article.earliest_at <= min(article.latest_at) OVER (PARTITION BY article.copy_group_id)
      THEN 1 ELSE 0 END                                              AS may_be_first
  FROM article
  JOIN copy_group ON copy_group.id = article.copy_group_id
  JOIN source ON source.id = article.source_id
  WHERE article.copy_group_id IS NOT NULL
) AS printed
GROUP BY printed.copy_group
