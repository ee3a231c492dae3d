"""Label audit: ranks the rows of a labelled set by the probability that the label, not the model, is wrong.

Not for the run over files: see `mumer_data.jobs.audit`. Not for measuring models: see `mumer_data.metrics`.
"""
