"""What runs in the emulator's own interpreter: the standard library and the emulator, nothing else."""
