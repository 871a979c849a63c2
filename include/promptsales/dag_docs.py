"""What Airflow's UI says of each DAG and each task: four parts, the same for all of them."""

from __future__ import annotations

from dataclasses import dataclass

from promptsales.etl.spec import PipelineSpec, TableSpec

TITLES = {"promptads": "PromptAds", "promptcrm": "PromptCRM", "promptcontent": "PromptContent"}
"""The sources, and what people call them."""


@dataclass(frozen=True)
class Doc:
    """A `doc_md`.

    Attributes:
        what: it does, for whoever has never seen it.
        inputs: what it reads.
        outputs: what it leaves.
        on_failure: what to do when it is red, and what has not happened to the data.
    """

    what: str
    inputs: str
    outputs: str
    on_failure: str

    @property
    def markdown(self) -> str:
        """The four parts under their headings."""
        parts = {"What": self.what, "Inputs": self.inputs, "Outputs": self.outputs, "On failure": self.on_failure}
        return "\n\n".join(f"### {heading}\n\n{text}" for heading, text in parts.items())


def etl_dag(pipeline: PipelineSpec) -> str:
    """Of the DAG that loads one source."""
    rows = "\n".join(
        f"| {table.name} | `{table.source}` | {', '.join(table.key)} | {table.description} |"
        for table in pipeline.tables
    )
    source, schema = TITLES[pipeline.source], pipeline.target_schema
    return Doc(
        what=f"Every 11 minutes: what changed in **{source}** since the last committed window goes into the schema "
        f"`{schema}` of the warehouse. Tables load side by side; one that fails stops no other. When all have ended, "
        "`watch_cycle` looks for open transactions that hold rows back, and closes alerts that are over.",
        inputs=f"| table | read from | key | what it holds |\n|---|---|---|---|\n{rows}",
        outputs=f"The mirrors `{schema}.*`, a row a table and window in `etl.loads`, refused rows in "
        "`etl.rejected_rows`. The DAG *Warehouse to star schema and marts* follows by itself.",
        on_failure="Open the red task: its last log line says what to mend. Its watermark has not moved, so nothing is "
        "lost and nothing is half loaded. Clear the task, or wait: the next cycle takes the same changes again. "
        "Running it again at any time is safe: a window that is already committed counts nothing twice.",
    ).markdown


def load_task(pipeline: PipelineSpec, table: TableSpec) -> str:
    """Of the task that loads one table."""
    return Doc(
        what=f"Moves what changed in `{pipeline.source}.{table.source}` since the committed watermark, in one "
        "PostgreSQL transaction a window: lock, compare the watermark, copy, merge, delete, advance the watermark.",
        inputs=f"`{table.source}` of {TITLES[pipeline.source]}: {table.description.rstrip('.')}.",
        outputs=f"The mirror `{pipeline.target_schema}.{table.name}`, a row in `etl.loads`, refused rows in "
        "`etl.rejected_rows`; counts in this task's XCom.",
        on_failure="The watermark has not moved and nothing is half loaded. Read the last log line, mend what it "
        "names, and clear the task; or wait: the next cycle takes the same changes again.",
    ).markdown


def watch_task(pipeline: PipelineSpec) -> str:
    """Of the task that ends a cycle of one source."""
    return Doc(
        what="Once every load of the cycle has ended, well or badly: is a transaction of the source open that keeps "
        "rows out of the warehouse, and since when? The alerts of what is over are closed.",
        inputs=f"What the loads noted of {TITLES[pipeline.source]} in `etl.watermarks`.",
        outputs="Rows of `ops.alerts`, and messages to the webhook where there is one.",
        on_failure="Loads are not concerned, nor is the result of this run: the next cycle looks again. Read the last "
        "log line; as a rule the source or the warehouse does not answer.",
    ).markdown


REFRESH_DAG = Doc(
    what="After any load of a mirror that the warehouse is made of, in this order: the star schema follows the "
    "mirrors, the marts follow the star schema, the cache follows the marts, and what must be true of all of them is "
    "checked.",
    inputs="The mirrors `ods_*`.",
    outputs="`dw`, `mart`, the campaigns' figures in Redis, the results of the checks.",
    on_failure="Each task takes what changed since its own last commit, so a run that was missed or failed is made up "
    "for by the next. Open the red task: it says what to mend.",
).markdown

REFRESH_DW = Doc(
    what="Brings the star schema `dw` up to the last committed loads, in one PostgreSQL transaction: the keys that "
    "loads wrote or deleted since the last refresh, the rows that depend on them, and of these the ones that differ. "
    "A run that finds nothing new takes a fraction of a second.",
    inputs="The mirrors `ods_*`, `etl.deleted_rows`, and the exchange rates and token tariffs of the repository.",
    outputs="The dimensions and facts of `dw`, a row in `dw.refrescos`; changed rows by table in this task's XCom.",
    on_failure="`dw` is as it was before. Mend what the last log line names and clear the task; or wait: the next run "
    "takes the same changes again.",
).markdown

REFRESH_MARTS = Doc(
    what="Brings the marts, `mart`, up to the last refresh of `dw`, in one PostgreSQL transaction: the groups of rows "
    "that it touched are derived anew, and those that differ are written.",
    inputs="`dw`, with its lists of changes `dw.cambios` and `dw.cambios_cliente`.",
    outputs="The tables of `mart`; a new version in `mart.posicion`, told on the channel `promptsales_cache` (NOTIFY) "
    "at the commit; changed rows by table in this task's XCom.",
    on_failure="`mart` is as it was before, and `dw` is ahead of it until the next run. Mend what the last log line "
    "names and clear the task; or wait.",
).markdown

FEED_CACHE = Doc(
    what="Puts the figures of the campaigns that changed since the last feed into Redis, "
    "`estadisticas:campana:{id}`. Each carries the version of the marts that it is of; readers use no other, so a feed "
    "that is late or missing makes an answer slower, never wrong.",
    inputs="`mart`.",
    outputs="A hash a campaign, 11 minutes long; how many of them in this task's XCom.",
    on_failure="Readers ask PostgreSQL. Check that Redis runs and clear the task; or wait: the next run feeds "
    "the rest.",
).markdown

CHECK_QUALITY = Doc(
    what="Asks every check of data quality: not null, unique, references, ranges, freshness, revenue equals sales. "
    "Tables are loaded one by one, so two may disagree for a moment: the task asks again before it gives up.",
    inputs="`pipelines/quality/checks.yaml`, which declares the checks; the mirrors, `dw` and `mart`.",
    outputs="A row a check in `ops.quality_results`; an alert for each check of severity error that fails.",
    on_failure="The last log line names each check that failed, and some of the rows. `promptsales etl reconcile` "
    "compares the mirrors with their sources; then clear the task.",
).markdown

INDEX_DAG = Doc(
    what="After any change of the image library: new and changed images are embedded, and what MongoDB and Pinecone "
    "disagree on is repaired.",
    inputs="The mirror of the images, whose loads start it; the images in MongoDB.",
    outputs="The vectors of the images in Pinecone, which `promptsales content search` and the MCP server "
    "content_generator ask.",
    on_failure="Searches answer out of the vectors that are there. Open the red task: it says what to mend. The next "
    "run compares everything anew.",
).markdown

INDEX_IMAGES = Doc(
    what="Embeds images whose description, hashtags, category or campaigns are new, and takes away vectors of images "
    "that are gone. Nothing changed, nothing is embedded. The model is OpenAI's where the environment has "
    "`OPENAI_API_KEY`, and otherwise the one inside the package.",
    inputs="The collection `imagenes`. Connections: `promptcontent_mongo_content`, `promptsales_redis`, "
    "`pinecone_default` (the key is its password).",
    outputs="Vectors in Pinecone; how many were embedded, removed and left as they were in this task's XCom.",
    on_failure="Safe to clear at any time. A missing connection or key is named by the last log line.",
).markdown

RECONCILE_DAG = Doc(
    what="Every night at 03:17 UTC: each mirror against its source, by counts and digests of key ranges, then row by "
    "row where they differ. What drifted (a truncate by hand, a restored source) is repaired, and the star schema "
    "follows.",
    inputs="Every exported table of the three sources, whole, and its mirror. The form asks how much drift is too "
    "much.",
    outputs="Repaired mirrors; a row a table in `ops.reconciliaciones`.",
    on_failure="A task whose table differs by more than *Largest drift* fails, and takes nothing out of the mirror; "
    "rows that the mirror only lacked are back by then. Look at the source first, then run this DAG again with a "
    "larger one.",
).markdown


def reconcile_task(pipeline: PipelineSpec, table: TableSpec) -> str:
    """Of the task that compares one table."""
    return Doc(
        what="Reads the whole table at its source, and compares. Safe beside the loads: what changed since the last "
        "load is left out.",
        inputs=f"`{table.source}` of {TITLES[pipeline.source]}, and `{pipeline.target_schema}.{table.name}`.",
        outputs="The repaired mirror, a row in `ops.reconciliaciones`; what was found in this task's XCom.",
        on_failure="The last log line says how far the two are apart, or which server does not answer. Look at the "
        "source before you run it again with a larger *Largest drift*.",
    ).markdown


BENCHMARK_DAG = Doc(
    what="Every night at 02:41 UTC: what each index gains the queries that it is there for, and what the servers spend "
    "their time on.",
    inputs="Copies of the measured tables; each server's own statistics of statements.",
    outputs="`ops.index_benchmarks` and `ops.consultas_costosas`, kept for a year, and one HTML report: the XCom of "
    "`report` names it.",
    on_failure="Nothing depends on it. A part that a server cannot do (the SQL Server stand-in makes no copies, a "
    "MongoDB without its profiler counts nothing) is skipped, not red; its log and the report say why. Clear a red "
    "task at a quiet hour.",
).markdown

MEASURE_INDEXES = Doc(
    what="Copies each table twice, drops one index in one of the copies, and runs each query on both in turns. No live "
    "index is touched.",
    inputs="The live tables, read once, to be copied; the queries of `benchmarks/indexes`.",
    outputs="Rows of `ops.index_benchmarks`; how many in this task's XCom.",
    on_failure="The copies are gone in the end, also after a failure. Read the last log line, and clear the task.",
).markdown

WATCH_QUERIES = Doc(
    what="Records which statements took the server most time and most reads, as it counts them itself.",
    inputs="pg_stat_statements, Query Store or the plans in memory, MongoDB's profiler or `$currentOp`.",
    outputs="Rows of `ops.consultas_costosas`; how many in this task's XCom.",
    on_failure="The login may lack a right that the last log line names. Nothing else depends on it.",
).markdown

BENCHMARK_REPORT = Doc(
    what="Writes the report of the run, and warns in its log of every query that is worse than its history.",
    inputs="`ops.index_benchmarks`, `ops.consultas_costosas`, `ops.mediciones_omitidas`.",
    outputs="`index_benchmark.html` in `PROMPTSALES_REPORT_DIR`; its path in this task's XCom.",
    on_failure="As a rule the folder is missing or not writable. Mend it and clear the task: figures are safe.",
).markdown

SEED = Doc(
    what="Fills the three sources with coherent data, once: campaigns over two years, the customers they won, their "
    "sales, whose sum is each campaign's revenue to the cent, images and campaign logs. For trying the platform out; "
    "never on databases with data of your own.",
    inputs="The form. Databases that were seeded with other values refuse.",
    outputs="Rows in PromptAds, PromptCRM and PromptContent; counts by table in this task's XCom.",
    on_failure="What was committed stays. Trigger it again with the same values and it goes on from there.",
).markdown

SIMULATE = Doc(
    what="Changes rows in the three sources as a working day would: new customers and sales, leads that move on, "
    "budgets, sentiment, withdrawn consents, images. Every invariant holds afterwards, revenue and sales to the cent "
    "included.",
    inputs="How many changes to make. The databases must have been seeded.",
    outputs="The changed rows; how many of each kind by table in this task's XCom, to hold the next cycle against.",
    on_failure="Each source's changes are one transaction: they are all there, or none is. It is not tried again by "
    "itself, since that would make more changes than were asked for.",
).markdown
