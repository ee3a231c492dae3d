"""(label, prediction) -> edit script, correction log, confusion counts.

Not for images or shards.
"""
