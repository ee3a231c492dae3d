"""Publishing a finished build on the Hugging Face Hub: checks, dataset card, upload.

Nothing here creates rows or changes a build; the Hub client alone handles the token.
"""
