"""What concurrent transactions do to each other, shown on running servers: deadlocks, anomalies of isolation."""
