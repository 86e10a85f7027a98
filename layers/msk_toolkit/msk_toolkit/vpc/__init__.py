"""The networks around the cluster, as the EC2 API describes them, and what their rules let through."""
