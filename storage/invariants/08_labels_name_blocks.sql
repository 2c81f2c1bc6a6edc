-- Every label names a block of the version that was read.
SELECT label.reading_id AS reading, label.position
FROM label
JOIN reading ON reading.id = label.reading_id
LEFT JOIN block ON block.version_id = reading.version_id AND block.position = label.position
WHERE block.version_id IS NULL
