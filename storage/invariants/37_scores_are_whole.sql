-- Whatever has neighbours was scored, both ends by an epoch that is there, and every article that was told is scored.
SELECT neighbour.group_a_id AS copy_group, 'an end that is not scored, or an epoch that is not there' AS wrong
FROM neighbour
LEFT JOIN scored AS a ON a.group_id = neighbour.group_a_id
LEFT JOIN scored AS b ON b.group_id = neighbour.group_b_id
LEFT JOIN idf_epoch ON idf_epoch.language = a.language AND idf_epoch.number = neighbour.epoch
WHERE a.group_id IS NULL OR b.group_id IS NULL OR a.language <> b.language
   OR (idf_epoch.number IS NULL AND neighbour.epoch <> 0)
UNION ALL
SELECT article.copy_group_id, 'told without scores'
FROM article
JOIN reading ON reading.article_id = article.id AND reading.is_current AND reading.folded_at IS NOT NULL
LEFT JOIN scored ON scored.group_id = article.copy_group_id
WHERE article.copy_group_id IS NOT NULL AND scored.group_id IS NULL
