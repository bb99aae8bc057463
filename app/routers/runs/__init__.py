"""Long runs over a shop's people: first transfers, comparisons, lists."""
