"""Pure decisions: shingles, keys, links, copy groups, stories, explanations. No network, no SQL, no clock, no files."""
