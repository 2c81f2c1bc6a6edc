"""Finding the feeds and sitemaps of a site, for `storyfold source add`."""
