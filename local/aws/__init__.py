"""AWS on this machine: the emulator, what the stack expects to find in it, and the deployment."""
