"""What the demo starts beside keepers: a price service, and clients that find it by name, each a program of its own."""
