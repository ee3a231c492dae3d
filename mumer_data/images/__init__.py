"""Images: checking what a source holds, and typesetting labels where there is no image.

Nothing here knows of tasks or shards.
"""
