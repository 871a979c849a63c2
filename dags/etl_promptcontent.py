"""Airflow DAG: the deltas of PromptContent, every 11 minutes."""

from promptsales.orchestration import etl_dag

dag = etl_dag(
    "promptcontent",
    display_name="PromptContent to warehouse",
    description="Images, third-party services, request log, campaign logs and MCP servers",
)
