"""AWS's APIs, each question bounded, each answer turned into facts; clients are arguments."""
