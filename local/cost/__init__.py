"""What the stack costs a month: counted from a run of the local system, priced, and shown as tables."""
