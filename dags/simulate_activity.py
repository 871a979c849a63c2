"""Airflow DAG: make believable changes in all three sources, by hand and with parameters."""

from promptsales.orchestration import simulate_dag

dag = simulate_dag()
