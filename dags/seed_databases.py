"""Airflow DAG: fill the source databases with coherent data, by hand and with parameters."""

from promptsales.orchestration import seed_dag

dag = seed_dag()
