"""What listings say: feeds, sitemaps, sections. Bytes in, entries out; all of it runs in worker processes."""
