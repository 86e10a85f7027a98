"""AWS APIs, bounded in time, with their errors turned into the toolkit's own."""
