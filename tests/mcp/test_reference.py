"""What the documents say of the tools is what the servers' schemas say."""

from __future__ import annotations

import re

import pytest

from mcp_servers.reference import BEGIN, DOCUMENT, declared_tools, documented
from mcp_servers.servers import NAMES
from promptsales.errors import PromptSalesError
from promptsales.paths import PROJECT_ROOT

TEXT = DOCUMENT.read_text(encoding="utf-8")


def test_the_committed_reference_is_the_one_that_is_made() -> None:
    assert documented(TEXT) == TEXT, "run `promptsales mcp document`"


@pytest.mark.parametrize("server", NAMES)
def test_every_argument_is_there(server: str) -> None:
    for tool in declared_tools(server):
        [section] = re.findall(rf"^\*\*`{tool.name}`\*\*.*?(?=^\*\*|^###|^<!--)", TEXT, re.DOTALL | re.MULTILINE)
        rows = re.findall(r"^\| `(\w+)` \|[^|]+\| (\S+) \| (.*) \|$", section, re.MULTILINE)
        arguments = tool.parameters.get("properties", {})
        assert [name for name, _, _ in rows] == list(arguments)
        assert {name for name, default, _ in rows if default == "required"} == set(tool.parameters.get("required", ()))
        assert all(meaning for _, _, meaning in rows)


def test_the_table_of_the_servers_has_every_tool_with_its_scope() -> None:
    table = (PROJECT_ROOT / "documentation" / "MCP_SERVERS.md").read_text(encoding="utf-8")
    told = {
        name: scope
        for names, scope in re.findall(r"^\| (`[^|]+`) \| `([a-z]+:[a-z]+)` \|", table, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", names)
    }
    assert told == {tool.name: tool.spec.scope for server in NAMES for tool in declared_tools(server)}


def test_a_document_without_a_place_for_it_is_refused() -> None:
    with pytest.raises(PromptSalesError, match="has no part between"):
        documented(TEXT.replace(BEGIN, ""))
