-- Which outlet needs a look? Those that fail come first, the longest failing before the others.
CREATE VIEW source_health AS
SELECT
  source.name                                              AS outlet,
  CASE
    WHEN NOT source.is_enabled THEN 'off'
    WHEN coalesce(asked.feeds, 0) = 0 THEN 'no feeds'
    WHEN asked.feeds_failing = asked.feeds THEN 'failing'
    WHEN asked.feeds_failing > 0 THEN 'feed errors'
    WHEN coalesce(kept.pages_failed, 0) > coalesce(kept.pages_read, 0) THEN 'pages failing'
    WHEN coalesce(kept.pages_refused, 0) > coalesce(kept.pages_read, 0) THEN 'pages refused'
    WHEN cut.cut_jump IS NOT NULL THEN 'more text cut'
    WHEN asked.polled_at IS NULL THEN 'not polled yet'
    ELSE 'ok'
  END                                                      AS health,
  coalesce(asked.feeds, 0)                                 AS feeds,
  coalesce(asked.feeds_failing, 0)                         AS feeds_failing,
  worst.url                                                AS worst_feed,
  worst.error,
  coalesce(worst.failures, 0)                              AS failures,
  worst.failing_since,
  coalesce(missed.gaps_open, 0)                            AS gaps_open,
  asked.polled_at,
  asked.next_poll_at,
  coalesce(kept.pages_waiting, 0)                          AS pages_waiting,
  coalesce(kept.pages_read, 0)                             AS pages_read,
  coalesce(kept.pages_without_article, 0)                  AS pages_without_article,
  coalesce(kept.pages_refused, 0)                          AS pages_refused,
  coalesce(kept.pages_failed, 0)                           AS pages_failed,
  coalesce(kept.pages_gone, 0)                             AS pages_gone,
  coalesce(written.articles_day, 0)                        AS articles_day,
  coalesce(written.articles_week, 0)                       AS articles_week,
  written.last_article_at,
  cut.cut_jump
FROM source
LEFT JOIN (
  SELECT
    source_id,
    count(*)                                        AS feeds,
    sum(CASE WHEN failures > 0 THEN 1 ELSE 0 END)   AS feeds_failing,
    max(polled_at)                                  AS polled_at,
    min(next_poll_at)                               AS next_poll_at
  FROM feed
  WHERE is_enabled
  GROUP BY source_id
) AS asked ON asked.source_id = source.id
LEFT JOIN (
  SELECT
    source_id, url, error, failures, failing_since,
    row_number() OVER (PARTITION BY source_id ORDER BY failures DESC, id) AS place
  FROM feed
  WHERE is_enabled AND failures > 0
) AS worst ON worst.source_id = source.id AND worst.place = 1
LEFT JOIN (
  SELECT feed.source_id, count(*) AS gaps_open
  FROM gap
  JOIN feed ON feed.id = gap.feed_id
  WHERE gap.state IN ('suspected', 'confirmed')
  GROUP BY feed.source_id
) AS missed ON missed.source_id = source.id
LEFT JOIN (
  SELECT
    source_id,
    sum(CASE WHEN state IN ('waiting', 'fetching', 'fetched') THEN 1 ELSE 0 END)             AS pages_waiting,
    sum(CASE WHEN state = 'read' AND article_id IS NOT NULL THEN 1 ELSE 0 END)    AS pages_read,
    sum(CASE WHEN state = 'read' AND article_id IS NULL THEN 1 ELSE 0 END)        AS pages_without_article,
    sum(CASE WHEN state = 'refused' THEN 1 ELSE 0 END)                            AS pages_refused,
    sum(CASE WHEN state = 'failed' THEN 1 ELSE 0 END)                             AS pages_failed,
    sum(CASE WHEN state = 'gone' THEN 1 ELSE 0 END)                               AS pages_gone
  FROM page
  GROUP BY source_id
) AS kept ON kept.source_id = source.id
LEFT JOIN (
  SELECT
    source_id,
    sum(CASE WHEN first_seen_at >= :ago('1 day') THEN 1 ELSE 0 END)   AS articles_day,
    count(*)                                                         AS articles_week,
    max(first_seen_at)                                               AS last_article_at
  FROM article
  WHERE first_seen_at >= :ago('7 days')
  GROUP BY source_id
) AS written ON written.source_id = source.id
LEFT JOIN (
  SELECT article.source_id, min(site.cut_jump) AS cut_jump
  FROM site
  JOIN site_page ON site_page.site_id = site.id
  JOIN article ON article.id = site_page.article_id
  WHERE site.cut_jump IS NOT NULL
  GROUP BY article.source_id
) AS cut ON cut.source_id = source.id
ORDER BY
  NOT source.is_enabled,
  coalesce(worst.failures, 0) = 0,
  coalesce(1.0 * asked.feeds_failing / asked.feeds, 0) DESC,
  coalesce(worst.failures, 0) DESC,
  coalesce(asked.feeds, 0) > 0,
  coalesce(kept.pages_failed, 0) <= coalesce(kept.pages_read, 0),
  coalesce(kept.pages_refused, 0) <= coalesce(kept.pages_read, 0),
  cut.cut_jump IS NULL,
  source.name
