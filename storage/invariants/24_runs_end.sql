-- A run that ended says when, and a run that goes on has been heard of within a day.
SELECT run.id AS run, run.state, run.started_at, run.heartbeat_at, run.finished_at
FROM run
WHERE (run.state = 'running') <> (run.finished_at IS NULL)
   OR (run.state = 'running' AND run.heartbeat_at < :ago('1 day'))
   OR (run.state IN ('partial', 'failed', 'lost') AND run.reason IS NULL)
