"""Speak HTTP: who is calling, is it well formed, call one use case, answer."""
