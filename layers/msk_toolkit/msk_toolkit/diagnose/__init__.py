"""Why brokers can't be reached: every listener probed, and the networks in between read and explained."""
