"""The migrations, run by `storage.migrate`."""
