"""Input and output below everything else: atomic files, storage paths, process pools, clusters.

Not for what the files hold.
"""
