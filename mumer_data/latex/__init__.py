"""Labels and trees: tokenised LaTeX -> symbol layout tree -> Tree-CoT and count texts, and back.

Nothing here knows of images, tasks or files.
"""
