"""Input and output below everything else: atomic files, storage paths, process pools, clusters, HTML and PNG.

Not for what the files hold.
"""
