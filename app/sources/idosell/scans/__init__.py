"""Asking the panel for what no push reported: which gates, in which rounds."""
