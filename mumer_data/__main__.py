"""`python -m mumer_data` is `mumer`."""

from mumer_data.cli import main

main()
