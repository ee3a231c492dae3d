"""Errors: predictions -> edit scripts, confusions, marked formulas with their corrections, and a model of errors.

Nothing here reads images or writes shards.
"""
