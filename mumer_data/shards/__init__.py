"""Shards: samples -> Parquet files, what is known of them, and how a killed run goes on.

Nothing here knows where samples come from.
"""
