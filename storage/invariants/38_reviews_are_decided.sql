-- Every answer of a review stands on a decision that says the same, and on readings of the articles it was about.
SELECT review.id AS review, review.answer, review.decision_id AS decision
FROM review
JOIN reading AS reading_a ON reading_a.id = review.reading_a_id
JOIN reading AS reading_b ON reading_b.id = review.reading_b_id
WHERE reading_a.article_id <> review.article_a_id
   OR reading_b.article_id <> review.article_b_id
   OR NOT EXISTS (
     SELECT 1 FROM decision_link
     WHERE decision_link.decision_id = review.decision_id
       AND decision_link.kind = CASE review.answer WHEN 'yes' THEN 'must_link' ELSE 'cannot_link' END
   )
