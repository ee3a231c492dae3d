"""Models of a few million parameters, trained from scratch: for tests and for experiments on a CPU.

Nothing else in the trainer depends on this package.
"""
