"""Airflow DAG: the image library's vectors, after every load that changes it."""

from promptsales.orchestration import index_content_dag

dag = index_content_dag()
