"""From a finished build to a dataset on the Hugging Face Hub: checks, a card with a picture, the push.

Nothing here makes rows or changes a build; the token is the Hub client's business and is never seen here.
"""
