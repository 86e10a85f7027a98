"""What MSK says of a cluster: kind, state, auth modes, listeners, and its SCRAM secret."""
