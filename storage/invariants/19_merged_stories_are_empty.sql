-- No article has its current place in a story that was merged, and no story goes on without one.
SELECT story.id AS story, story.state, count(membership.id) AS places
FROM story
LEFT JOIN membership ON membership.story_id = story.id AND membership.left_at IS NULL
WHERE story.state IN ('merged', 'open', 'frozen')
GROUP BY story.id, story.state
HAVING (story.state = 'merged') <> (count(membership.id) = 0)
