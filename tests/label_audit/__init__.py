"""Tests of `mumer_data.label_audit`."""
