"""Bringing the product back: what the archive has, what the topic still has, and what neither has.

`inventory` finds out before anything is touched, `lost_hour` says what still has an hour that is lost;
the loader of `operations.offline` fills the tables. `python -m operations.restore` runs it.
"""
