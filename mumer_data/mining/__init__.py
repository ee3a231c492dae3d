"""Mining: prediction files -> shards of corrections, confusions, counts; the counterpart of `mumer_data.jobs.build`.

A run aligns its input in slices, selects among the candidates, and writes one shard per slice and task.
"""
