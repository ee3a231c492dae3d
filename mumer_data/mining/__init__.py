"""Mining: prediction files -> shards of corrections, confusions, counts; the counterpart of `mumer_data.jobs.build`.

A run scans its input in slices, chooses among what it found, and writes one shard a slice and task.
"""
