-- Two articles that a current copy link joins stand in one copy group, unless its texts have drifted apart.
SELECT link.id AS link, a.id AS a, a.copy_group_id AS group_a, b.id AS b, b.copy_group_id AS group_b
FROM link
JOIN reading AS reading_a ON reading_a.id = link.reading_a_id AND reading_a.is_current
JOIN reading AS reading_b ON reading_b.id = link.reading_b_id AND reading_b.is_current
JOIN article AS a ON a.id = link.article_a_id
JOIN article AS b ON b.id = link.article_b_id
LEFT JOIN copy_group AS group_a ON group_a.id = a.copy_group_id
LEFT JOIN copy_group AS group_b ON group_b.id = b.copy_group_id
WHERE link.kind = 'copy'
  AND reading_a.grouped_at IS NOT NULL
  AND reading_b.grouped_at IS NOT NULL
  AND NOT (coalesce(group_a.is_part, false) AND coalesce(group_b.is_part, false))
  AND (a.copy_group_id IS NULL OR b.copy_group_id IS NULL OR a.copy_group_id <> b.copy_group_id)
