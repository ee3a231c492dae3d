"""Labels and trees: tokenised LaTeX -> symbol layout tree -> Tree-CoT and count texts, and back.

Not for images, tasks or data sets.
"""
