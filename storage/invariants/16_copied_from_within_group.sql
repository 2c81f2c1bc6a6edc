-- The text that an article was copied from stands in its copy group, and is another article.
SELECT article.id AS article, article.copied_from_id AS copied_from
FROM article
JOIN article AS original ON original.id = article.copied_from_id
WHERE original.id = article.id
   OR article.copy_group_id IS NULL
   OR original.copy_group_id IS NULL
   OR original.copy_group_id <> article.copy_group_id
