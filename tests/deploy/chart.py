"""The chart as helm renders it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import yaml

from promptsales.paths import PROJECT_ROOT

CHART = PROJECT_ROOT / "helm" / "promptsales"

VARIANTS: dict[str, tuple[str, ...]] = {
    "default": (),
    "all-managed": ("ci/all-managed-values.yaml",),
    "minimal": ("ci/minimal-values.yaml",),
    "everything": ("ci/everything-values.yaml",),
}
"""Values files by the name of what they make."""

Object = dict[str, Any]
Find = Callable[[str], str]


def values_options(variant: str) -> list[str]:
    """Options that choose the values of a variant."""
    return [option for file in VARIANTS[variant] for option in ("--values", str(CHART / file))]


def run(helm: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Helm with these arguments."""
    return subprocess.run([helm, *arguments], capture_output=True, text=True, check=False)


@cache
def rendered(helm: str, variant: str, *options: str) -> tuple[Object, ...]:
    """Every object of a variant, with more options of Helm's."""
    made = ["template", "promptsales", str(CHART), "--namespace", "promptsales"]
    done = run(helm, *made, *values_options(variant), *options)
    assert done.returncode == 0, done.stderr
    return tuple(document for document in yaml.load_all(done.stdout, yaml.CSafeLoader) if document)


def label(made: Object) -> str:
    """As errors name an object."""
    return f"{made['kind']}/{made['metadata']['name']}"


def pods(objects: tuple[Object, ...]) -> Iterator[tuple[str, Object, Object]]:
    """Each pod that the objects make: whose it is, its metadata and its spec."""
    for made in objects:
        match made["kind"]:
            case "Pod":
                yield label(made), made["metadata"], made["spec"]
            case "Deployment" | "StatefulSet" | "Job":
                template = made["spec"]["template"]
                yield label(made), template["metadata"], template["spec"]
            case "CronJob":
                template = made["spec"]["jobTemplate"]["spec"]["template"]
                yield label(made), template["metadata"], template["spec"]


def containers(spec: Object) -> list[Object]:
    """Those that begin, and those that stay."""
    return [*spec.get("initContainers", []), *spec["containers"]]


def expanded(container: Object, secret: Mapping[str, str]) -> dict[str, str]:
    """A container's environment as Kubernetes makes it: values of the Secret, then `$(NAME)` of what stands before."""
    environment: dict[str, str] = {}
    for variable in container.get("env", []):
        if "valueFrom" in variable:
            reference = variable["valueFrom"]["secretKeyRef"]
            if reference["key"] in secret:
                environment[variable["name"]] = secret[reference["key"]]
        else:
            environment[variable["name"]] = re.sub(
                r"\$\((\w+)\)", lambda name: environment.get(name[1], name[0]), str(variable["value"])
            )
    return environment


def secret_keys(spec: Object, *, optional: bool = False) -> set[str]:
    """Which keys of the passwords' Secret a pod reads."""
    references = [
        variable["valueFrom"]["secretKeyRef"]
        for container in containers(spec)
        for variable in container.get("env", [])
        if "valueFrom" in variable
    ]
    return {reference["key"] for reference in references if bool(reference.get("optional")) is optional}
