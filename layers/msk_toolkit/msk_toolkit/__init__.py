"""MSK-Vantiq toolkit: topics, probes and ordered, lossless forwarding between Amazon MSK and Vantiq."""

# The version of everything: `make version NEW=X.Y.Z` writes it here and wherever else it has to be written out.
__version__ = "0.3.0"
