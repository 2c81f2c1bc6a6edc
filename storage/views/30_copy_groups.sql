-- Which text was printed where, and who wrote it? One row a copy group, single texts included.
CREATE VIEW copy_groups AS
SELECT
  told.copy_group,
  told.articles,
  told.texts,                                             -- that differ in any word
  told.outlets,
  told.owners,
  coalesce(told.agency, told.certain_outlet)              AS origin,
  CASE
    WHEN told.agency IS NOT NULL THEN 'agency'
    WHEN told.certain_outlet IS NOT NULL THEN 'first'
    ELSE 'undetermined'
  END                                                     AS origin_basis,
  source.name                                             AS first_outlet,     -- by the times as they are claimed
  article.title                                           AS first_title,
  told.first_at,
  told.last_at,
  told.carried_by,
  told.is_part
FROM (
  SELECT
    printed.*,
    -- Nobody else may have printed it before the soonest had: that is the first.
    CASE WHEN NOT EXISTS (
      SELECT 1 FROM article AS other
      WHERE other.copy_group_id = printed.copy_group
        AND other.id <> soonest.id
        AND (other.earliest_at IS NULL OR soonest.latest_at IS NULL OR other.earliest_at <= soonest.latest_at)
    ) THEN outlet.name END                                AS certain_outlet
  FROM (
    -- Grouped straight from the tables, each subquery once a group: one group is found by the index, however many
    -- there are, and a group of ten thousand is read a few times and not once for each of its articles.
    SELECT
      article.copy_group_id                               AS copy_group,
      count(*)                                            AS articles,
      count(DISTINCT article.text_key)                    AS texts,
      count(DISTINCT source.name)                         AS outlets,
      count(DISTINCT coalesce(source.owner, source.name)) AS owners,
      min(article.time)                                   AS first_at,
      max(article.time)                                   AS last_at,
      (
        SELECT :list(carrier.name)
        FROM (
          SELECT outlet.name FROM article AS one JOIN source AS outlet ON outlet.id = one.source_id
          WHERE one.copy_group_id = article.copy_group_id
          ORDER BY one.time, one.id
        ) AS carrier
      )                                                   AS carried_by,
      min(CASE WHEN copy_group.is_part THEN 1 ELSE 0 END) AS is_part,
      (
        SELECT one.id FROM article AS one
        WHERE one.copy_group_id = article.copy_group_id
        ORDER BY one.time, one.id
        LIMIT 1
      )                                                   AS first_article,
      (
        SELECT one.id FROM article AS one
        WHERE one.copy_group_id = article.copy_group_id
        ORDER BY one.latest_at IS NULL, one.latest_at, one.time, one.id
        LIMIT 1
      )                                                   AS soonest_article,
      (
        SELECT one.agency FROM article AS one
        WHERE one.copy_group_id = article.copy_group_id AND one.agency IS NOT NULL
        GROUP BY one.agency
        ORDER BY count(*) DESC, one.agency
        LIMIT 1
      )                                                   AS agency
    FROM article
    JOIN copy_group ON copy_group.id = article.copy_group_id
    JOIN source ON source.id = article.source_id
    GROUP BY article.copy_group_id
  ) AS printed
  JOIN article AS soonest ON soonest.id = printed.soonest_article
  JOIN source AS outlet ON outlet.id = soonest.source_id
) AS told
JOIN article ON article.id = told.first_article
JOIN source ON source.id = article.source_id
