"""Each figure by one command, its floor in the same run. Ratios, not promises: a machine is named beside every number."""
