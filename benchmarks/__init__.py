"""Quality and speed: each module prints one table and one JSON line."""
