"""What each server spends its time and reads on, as it counts them itself."""
