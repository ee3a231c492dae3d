"""Training by rewards (GRPO) and by preferences (DPO): configuration, data, log, and the loop of each kind of model.

Not for supervised training: see `mumer_train.train`. Not for the rewards: see `mumer_data.rewards`.
"""
