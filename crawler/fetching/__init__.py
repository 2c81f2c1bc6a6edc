"""One request on the wire: where it may go, how fast, how much is read, and how it can end."""
