"""What the protocol costs, measured beside its peers on one chain."""
