-- Every id of a merged copy group leads, without going round, to a copy group that stands.
WITH RECURSIVE step (copy_group, successor) AS (
  SELECT copy_group.id, copy_group.merged_into_id FROM copy_group WHERE copy_group.merged_into_id IS NOT NULL
  UNION
  SELECT step.copy_group, next_group.merged_into_id
  FROM step
  JOIN copy_group AS next_group ON next_group.id = step.successor
  WHERE next_group.merged_into_id IS NOT NULL
)
SELECT DISTINCT step.copy_group, step.successor FROM step WHERE step.successor = step.copy_group
