"""What an operator sees inside Airflow: whether the warehouse is fresh, what failed, and what to do."""
