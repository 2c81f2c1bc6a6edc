-- Every id of a merged story leads, without going round, to a story that stands.
WITH RECURSIVE step (story, successor) AS (
  SELECT story.id, story.merged_into_id FROM story WHERE story.merged_into_id IS NOT NULL
  UNION
  SELECT step.story, next_story.merged_into_id
  FROM step
  JOIN story AS next_story ON next_story.id = step.successor
  WHERE next_story.merged_into_id IS NOT NULL
)
SELECT DISTINCT step.story, step.successor FROM step WHERE step.successor = step.story
