"""Fold: from readings to keys, verified links, copy groups and stories.

A process of its own under one lock, so that what it decides has one writer. It works in batches, a transaction each,
and every reading says how far it is (`keyed_at`, `grouped_at`, `folded_at`): kill it anywhere and start it again.
"""
