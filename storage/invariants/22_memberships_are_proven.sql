-- Every place in a story cites a reading of its article and says why; who left says why and when.
SELECT membership.id AS membership, membership.story_id AS story, membership.article_id AS article
FROM membership
JOIN reading ON reading.id = membership.reading_id
WHERE reading.article_id <> membership.article_id
   OR membership.reason = ''
   OR (membership.left_at IS NULL) <> (membership.left_reason IS NULL)
   OR membership.left_at < membership.joined_at
   OR (membership.basis IN ('same_event', 'shared_quote') AND membership.via_article_id IS NULL)
