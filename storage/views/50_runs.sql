-- What ran when, and what came of it? One row a run.
CREATE VIEW runs AS
SELECT
  run.id                                        AS run,
  coalesce(run.schedule, '(by hand)')           AS schedule,
  run.slot,
  run.cause,
  run.state,
  run.reason,
  run.started_at,
  run.finished_at,
  :minutes(run.started_at, run.finished_at)     AS minutes,
  run.feeds_polled,
  run.feeds_failed,
  run.pages_found,
  run.pages_fetched,
  run.pages_refused,
  run.pages_failed,
  run.articles_new,
  run.articles_changed
FROM run
