-- A feed that fails says why, and a poll that failed does too.
SELECT 'feed' AS what, feed.id, feed.url
FROM feed
WHERE feed.failures > 0 AND feed.error IS NULL
UNION ALL
SELECT 'poll', poll.id, feed.url
FROM poll
JOIN feed ON feed.id = poll.feed_id
WHERE poll.outcome IN ('failed', 'unreadable', 'refused') AND poll.error IS NULL
