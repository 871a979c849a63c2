"""Airflow DAG: the deltas of PromptAds, every 11 minutes."""

from promptsales.orchestration import etl_dag

dag = etl_dag(
    "promptads",
    display_name="PromptAds to warehouse",
    description="Campaigns, ads, markets, daily performance and sentiment",
)
