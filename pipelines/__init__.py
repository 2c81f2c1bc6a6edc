"""What happens to a page after the crawl: extract, save, fold."""
