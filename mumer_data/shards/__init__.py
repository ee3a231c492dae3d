"""Shards: samples -> Parquet files with a manifest; plan, resume and verification of runs.

Not for the source of samples: see `jobs`.
"""
