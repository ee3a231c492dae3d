"""`python -m tests.fuzz TARGET [libFuzzer options]`."""

from tests.fuzz.driver import main

if __name__ == "__main__":  # not where a worker process imports it
    main()
