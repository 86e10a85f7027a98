"""CloudWatch's alarms on this machine, evaluated from the metrics in the functions' logs."""
