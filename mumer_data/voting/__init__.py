"""Votes: several predictions of one image, from several models or samples, joined into one with a confidence.

Not for judging: see `mumer_data.metrics`. Files are read and written by `mumer_data.jobs.vote`.
"""
