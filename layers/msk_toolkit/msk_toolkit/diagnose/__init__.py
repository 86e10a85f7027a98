"""Why brokers can't be reached: every listener probed, and the networks on the way read and explained."""
