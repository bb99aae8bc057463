"""Whole worlds for stories: changes in SALESmanago, transfers, operators, and histories judged by models."""
