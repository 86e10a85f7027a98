"""MSK-Vantiq toolkit: topics, probes and ordered, lossless forwarding between Amazon MSK and Vantiq."""

__version__ = "0.2.0"
