"""New labels: drawn from a grammar that was fitted to a corpus, or written down from facts that SymPy proves.

Not for reading corpora (they come in as labels) and not for pictures of what was drawn: see `images`.
"""
