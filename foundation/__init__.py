"""What every room stands on: configuration, the error tree, URL identity, the worker pool."""
