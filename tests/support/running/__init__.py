"""The gateway as it really runs: processes, terminals, containers, releases of before."""
