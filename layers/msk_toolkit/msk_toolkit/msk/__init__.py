"""The MSK control plane: bootstrap brokers and SCRAM credentials."""
