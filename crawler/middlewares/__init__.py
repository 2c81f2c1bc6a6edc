"""Downloader middlewares: each closes one gap between Scrapy's defaults and a crawl that can be left alone."""
