"""Asking the panel what no push told: which gates, in which rounds."""
