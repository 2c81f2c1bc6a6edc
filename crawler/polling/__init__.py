"""Asking the feeds: when, where, and what their answers mean."""
