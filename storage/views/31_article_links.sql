-- What has an article's text to do with others? One row for each verified relation, seen from each of its two ends.
CREATE VIEW article_links AS
SELECT
  seen.article,
  seen.kind,
  seen.role,               -- excerpt: holds, lies_in; passage: earlier, later, undetermined
  seen.other,
  source.name              AS other_outlet,
  other_article.title      AS other_title,
  other_article.time       AS other_at,
  seen.jaccard,
  seen.share,              -- of the article's words that stand in the other
  seen.other_share,
  seen.shared_words,
  seen.link,
  seen.rules_version
FROM (
  SELECT
    link.id                     AS link,
    link.article_a_id           AS article,
    link.article_b_id           AS other,
    link.kind,
    CASE
      WHEN link.kind = 'excerpt' AND link.from_article_id = link.article_a_id THEN 'holds'
      WHEN link.kind = 'excerpt' THEN 'lies_in'
      WHEN link.kind = 'passage' AND link.from_article_id = link.article_a_id THEN 'earlier'
      WHEN link.kind = 'passage' AND link.from_article_id = link.article_b_id THEN 'later'
      WHEN link.kind = 'passage' THEN 'undetermined'
    END                         AS role,
    link.jaccard,
    link.share_a                AS share,
    link.share_b                AS other_share,
    link.shared_words,
    link.rules_version,
    link.reading_a_id,
    link.reading_b_id
  FROM link
  UNION ALL
  SELECT
    link.id,
    link.article_b_id,
    link.article_a_id,
    link.kind,
    CASE
      WHEN link.kind = 'excerpt' AND link.from_article_id = link.article_b_id THEN 'holds'
      WHEN link.kind = 'excerpt' THEN 'lies_in'
      WHEN link.kind = 'passage' AND link.from_article_id = link.article_b_id THEN 'earlier'
      WHEN link.kind = 'passage' AND link.from_article_id = link.article_a_id THEN 'later'
      WHEN link.kind = 'passage' THEN 'undetermined'
    END,
    link.jaccard,
    link.share_b,
    link.share_a,
    link.shared_words,
    link.rules_version,
    link.reading_a_id,
    link.reading_b_id
  FROM link
) AS seen
JOIN reading AS reading_a ON reading_a.id = seen.reading_a_id AND reading_a.is_current
JOIN reading AS reading_b ON reading_b.id = seen.reading_b_id AND reading_b.is_current
JOIN article AS other_article ON other_article.id = seen.other
JOIN source ON source.id = other_article.source_id
