"""Tests of the benchmarks: that they run and are judged, never how fast anything is."""
