"""Review of doubtful labels: a static page, and questions in the terminal; both write decisions as corrections.

Not for finding doubtful labels: see `mumer_data.label_audit`.
"""
