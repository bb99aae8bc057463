"""How the gateway is: the measures and their limits, and alarms when one is passed."""
