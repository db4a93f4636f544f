"""Who computes: this process, several beside it, one for each GPU, or a Ray cluster.

An engine knows nothing of the database: what goes to it and what comes back are plain values. ``opening.open_workers``
chooses one, ``interface.Workers`` is what all of them answer to.
"""
