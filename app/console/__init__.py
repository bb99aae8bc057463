"""The console: pages for people, on the same use cases as API and command line (R90 to R95)."""
