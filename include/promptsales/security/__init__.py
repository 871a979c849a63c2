"""What protects data and people: envelope encryption, and whoever signs on."""
