"""Jobs: one module per verb that writes files (build, mine, corrupt, generate, write, ...), and the pipeline file.

The only modules that know several folders of the library at once; they hold no algorithm of their own.
"""
