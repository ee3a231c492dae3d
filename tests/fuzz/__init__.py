"""Coverage-guided fuzzing of all that reads what strangers write; `python -m tests.fuzz parser -max_total_time=60`."""
