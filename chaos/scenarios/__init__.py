"""The scenarios, in the order in which they are played."""

from chaos.scenarios import kills, store, postgresql, hosts, starved, upstream, inbound, pushes, push_and_scan, acts  # noqa: F401, I001 - the order of the table
