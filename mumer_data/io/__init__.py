"""Basic input and output: atomic files, storage paths, process pools, clusters, HTML and PNG.

Not for the content of files.
"""
