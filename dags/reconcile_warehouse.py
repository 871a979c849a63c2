"""Airflow DAG: every mirror against its source, every night."""

from promptsales.orchestration import reconcile_dag

dag = reconcile_dag()
