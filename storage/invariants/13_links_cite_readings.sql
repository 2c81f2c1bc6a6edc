-- Every link cites readings of the two articles that it links, and its shares lie between 0 and 1.
SELECT link.id AS link, link.article_a_id AS a, link.article_b_id AS b, link.reading_a_id, link.reading_b_id
FROM link
JOIN reading AS reading_a ON reading_a.id = link.reading_a_id
JOIN reading AS reading_b ON reading_b.id = link.reading_b_id
WHERE reading_a.article_id <> link.article_a_id
   OR reading_b.article_id <> link.article_b_id
   OR link.jaccard NOT BETWEEN 0 AND 1
   OR link.containment_a NOT BETWEEN 0 AND 1
   OR link.containment_b NOT BETWEEN 0 AND 1
