"""The database: models, sessions, migrations, views, and one module of queries per noun."""
