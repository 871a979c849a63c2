"""Plans of the three servers as one kind of tree."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from promptsales.benchmarks.indexes.measurement import Measurement

SHOWPLAN = "{http://schemas.microsoft.com/sqlserver/2004/07/showplan}"


@dataclass(frozen=True)
class Operator:
    """One step of a plan.

    Attributes:
        name: what the server calls it.
        detail: the index or condition that it works with.
        rows: how many it gave, in all; None where the server does not say.
        scans: whether it goes through a whole table.
        seeks: whether it goes by an index.
    """

    name: str
    detail: str = ""
    rows: int | None = None
    scans: bool = False
    seeks: bool = False
    children: list[Operator] = field(default_factory=list)


def tree(measurement: Measurement) -> Operator:
    """The plan of a measurement."""
    if isinstance(measurement.plan, str):
        return _sqlserver(measurement.plan)
    if measurement.engine == "postgresql":
        return _postgresql(measurement.plan["Plan"])
    execution = measurement.plan.get("executionStats", {}).get("executionStages", {})
    return _mongodb(measurement.plan["queryPlanner"]["winningPlan"], execution)


def _postgresql(node: Mapping[str, Any]) -> Operator:
    index = node.get("Index Name", "")
    conditions = [node[key] for key in ("Index Cond", "Recheck Cond", "Filter") if key in node]
    return Operator(
        node["Node Type"],
        " ".join(part for part in (index, conditions[0] if conditions else "") if part),
        round(node.get("Actual Rows", 0) * node.get("Actual Loops", 1)),
        scans=node["Node Type"] == "Seq Scan",
        seeks="Index" in node["Node Type"],
        children=[_postgresql(child) for child in node.get("Plans", [])],
    )


def _mongodb(stage: Mapping[str, Any], execution: Mapping[str, Any]) -> Operator:
    inner = [stage["inputStage"]] if "inputStage" in stage else stage.get("inputStages", [])
    executed = [execution["inputStage"]] if "inputStage" in execution else execution.get("inputStages", [])
    executed += [{}] * (len(inner) - len(executed))
    return Operator(
        stage.get("stage", "?"),
        stage.get("indexName", ""),
        execution.get("nReturned"),
        scans=stage.get("stage") == "COLLSCAN",
        seeks=stage.get("stage") == "IXSCAN",
        children=[_mongodb(child, done) for child, done in zip(inner, executed, strict=True)],
    )


def _sqlserver(plan: str) -> Operator:
    root = ElementTree.fromstring(plan).find(f".//{SHOWPLAN}RelOp")
    return _relational(root) if root is not None else Operator("no plan")


def _relational(operator: ElementTree.Element) -> Operator:
    name = operator.get("PhysicalOp", "?")
    own = operator.find(f"{SHOWPLAN}RunTimeInformation")
    # An operator's inputs are nested in an element named after it, at any depth but below no other operator.
    inputs, objects = list[ElementTree.Element](), list[ElementTree.Element]()
    waiting = list(operator)
    while waiting:
        element = waiting.pop(0)
        if element.tag == f"{SHOWPLAN}RelOp":
            inputs.append(element)
            continue
        if element.tag == f"{SHOWPLAN}Object":
            objects.append(element)
        waiting += list(element)
    return Operator(
        name,
        objects[0].get("Index", "").strip("[]") if objects else "",
        sum(int(thread.get("ActualRows", 0)) for thread in own) if own is not None else None,
        scans=name in ("Table Scan", "Clustered Index Scan"),
        seeks="Index" in name and name != "Clustered Index Scan",
        children=[_relational(each) for each in inputs],
    )
