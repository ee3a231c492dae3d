"""Images: decoding and checking, one canonical form, polarity, perceptual hashes, skeletons, rendering of ink.

Not for tasks or shards.
"""
