"""The nothing-missed ledger: what came and went between two polls, and how the sitemaps decide it."""
