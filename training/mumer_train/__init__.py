"""The bundled trainer: fine-tune a vision-language model on shards, and predict with it.

It uses `mumer_data`; `mumer_data` never imports it. torch is imported inside functions, or in modules that are imported
inside functions, so `mumer --help` stays fast.
"""
