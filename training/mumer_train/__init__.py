"""The bundled trainer: shards in, a vision-language model out, and its predictions back.

Uses `mumer_data`, which knows nothing of it. Modules that need torch import it inside their functions or are imported
by those that do: `mumer --help` stays quick.
"""
