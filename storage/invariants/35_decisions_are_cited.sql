-- A place in a story that an operator's decision holds names the decision, which stands; no other place names one.
SELECT membership.id AS membership, membership.story_id AS story, membership.decision_id AS decision
FROM membership
JOIN reading ON reading.id = membership.reading_id
LEFT JOIN decision ON decision.id = membership.decision_id
WHERE (membership.basis = 'operator') <> (membership.decision_id IS NOT NULL)
   OR (
     membership.left_at IS NULL AND reading.folded_at IS NOT NULL AND decision.undone_at IS NOT NULL
     AND NOT EXISTS (  -- its undoing waits for a fold
       SELECT 1
       FROM decision_link
       JOIN reading AS end_reading ON end_reading.article_id = decision_link.article_a_id AND end_reading.is_current
       WHERE decision_link.decision_id = decision.id AND end_reading.folded_at IS NULL
     )
   )
