"""``mskv init``: the parameters of a stack for a cluster that exists, proposed from what AWS says of it."""
