-- How often are stories right, as far as operators looked? One row a kind of question, with the 95 % interval of Wilson (1927).
CREATE VIEW review_precision AS
WITH standing AS (
  SELECT
    review.kind,
    review.draw,
    CASE WHEN (review.answer = 'yes') = (review.kind <> 'miss') THEN 1 ELSE 0 END AS is_right
  FROM review
  JOIN decision ON decision.id = review.decision_id
  WHERE decision.undone_at IS NULL
),
counted AS (
  -- The least certain joins are wrong more often than others, and the nearest misses too: bounds from below.
  SELECT kind, count(*) AS answers, sum(is_right) AS rightly FROM standing WHERE kind <> 'drawn' GROUP BY kind
  UNION ALL
  -- The lottery asks by its own order, so all joins up to the last one drawn are a fair sample, however each was asked.
  SELECT 'drawn', count(*), sum(is_right)
  FROM standing
  WHERE kind <> 'miss' AND draw <= (SELECT max(draw) FROM standing WHERE kind = 'drawn')
),
measured AS (
  SELECT
    kind, answers, rightly,
    CAST(answers AS double precision)                   AS n,
    CAST(rightly AS double precision) / answers         AS p,
    1.959964                                            AS z
  FROM counted
  WHERE answers > 0
)
SELECT
  kind,
  answers,
  rightly,                                              -- joins that tell one event; misses that do not
  p                                                     AS share,
  (p + z * z / (2 * n) - z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))) / (1 + z * z / n)   AS low,
  (p + z * z / (2 * n) + z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))) / (1 + z * z / n)   AS high
FROM measured
