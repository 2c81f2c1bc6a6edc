-- What did a page say line by line, and why is a line not part of the text? One row for each line of each article today.
CREATE VIEW article_blocks AS
SELECT
  reading.article_id               AS article,
  version.number                   AS version,
  block.position,
  coalesce(label.label, 'text')    AS label,
  label.rule,
  block.text,
  block.said_at
FROM reading
JOIN version ON version.id = reading.version_id
JOIN block ON block.version_id = version.id
LEFT JOIN label ON label.reading_id = reading.id AND label.position = block.position
WHERE reading.is_current
