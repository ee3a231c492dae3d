"""The functions of `import mumer_data` that work on data in memory: lists, DataFrames, Datasets, PIL images.

Each calls the code that stands behind the command line; nothing is computed here that has another implementation.
"""
