"""Mutation check: small faults are put into the core packages, and the tests must fail.

Not part of `make test`: `make mutants` runs it and writes docs/mutants.md.
"""
