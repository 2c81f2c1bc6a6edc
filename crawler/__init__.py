"""The Scrapy project: what is fetched, how politely, and what is refused."""
