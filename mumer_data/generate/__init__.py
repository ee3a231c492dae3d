"""New labels: sampled from a grammar fitted to a corpus, or true statements checked by SymPy.

Not for reading corpora (labels are passed in) nor for images: see `handwriting`.
"""
