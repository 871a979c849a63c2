"""Airflow DAG: what each index gains its queries, every night."""

from promptsales.orchestration import index_benchmark_dag

dag = index_benchmark_dag()
