"""What makes a release of the toolkit: checks, changelog, packages with checksums, bill of materials, notices."""
