"""Airflow DAG: the star schema and the marts, after every load that changes a mirror."""

from promptsales.orchestration import refresh_dag

dag = refresh_dag()
