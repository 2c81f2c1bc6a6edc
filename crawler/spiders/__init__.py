"""The spiders; `news` is ours, and any spider that yields `crawler.items.Page` gets the rest for nothing."""
