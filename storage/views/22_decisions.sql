-- What did operators decide, and does it stand? One row a decision.
CREATE VIEW decisions AS
SELECT
  decision.id                                 AS decision,
  decision.kind,
  decision.story_id                           AS story,       -- as it was called then
  decision.title,                             -- of a rename
  decision.decided_by,
  decision.decided_at,
  decision.why,
  decision.undone_at,                         -- null: it stands
  decision.undone_by,
  (SELECT count(*) FROM decision_link WHERE decision_link.decision_id = decision.id AND kind = 'must_link')
                                              AS must_links,
  (SELECT count(*) FROM decision_link WHERE decision_link.decision_id = decision.id AND kind = 'cannot_link')
                                              AS cannot_links
FROM decision
