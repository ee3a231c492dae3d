"""Small formula readers trained from scratch: model, tokenizer, data, training and export.

Not for fine-tuning pretrained models: see `mumer_train.train`.
"""
