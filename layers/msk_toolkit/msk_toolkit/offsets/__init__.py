"""Where a consumer group of the forwarder reads on: what a move of its offsets costs, and the move itself."""
