"""Commands of long runs: first transfers, comparisons, lists of subscribers."""
