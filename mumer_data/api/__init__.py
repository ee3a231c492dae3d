"""The functions of `import mumer_data` that work on data in memory: lists, DataFrames, Datasets, PIL images.

Each calls the implementation of the command line; nothing is implemented twice.
"""
