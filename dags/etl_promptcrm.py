"""Airflow DAG: the deltas of PromptCRM, every 11 minutes."""

from promptsales.orchestration import etl_dag

dag = etl_dag(
    "promptcrm",
    display_name="PromptCRM to warehouse",
    description="Customers without personal data, leads, sales and consents",
)
