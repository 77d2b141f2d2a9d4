"""Counts and times over time: histograms and series."""
