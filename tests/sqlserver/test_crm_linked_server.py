"""The linked server from PromptCRM to PromptAds: what it shows, and that a link that is down is an error."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pymssql
import pytest
from crm_world import Line, customer, register, remove, sell, transaction
from server_calls import raises, results, value

pytestmark = pytest.mark.sqlserver


@pytest.fixture(autouse=True)
def link(crm: pymssql.Connection) -> Iterator[None]:
    """The link is there, and this login may use it; the tests' campaigns have no sales, before and after."""
    if not value(
        crm,
        "SELECT COUNT(*) AS filas FROM sys.servers AS s INNER JOIN sys.linked_logins AS l ON s.server_id = l.server_id"
        " WHERE s.name = N'PROMPTADS' AND l.local_principal_id = SUSER_ID()",
    ):
        pytest.skip(
            "no linked server PROMPTADS that this login may use: database/sqlserver_crm/linked_server/README.md"
        )
    remove(crm)
    yield
    remove(crm)


def test_a_sale_of_a_campaign_that_promptads_does_not_know_is_listed(crm: pymssql.Connection) -> None:
    campaign = 900_000_777
    sell(crm, register(crm, customer()), Line(cantidad=1, precio_unitario=Decimal("12.34")), campaign=campaign)
    rows = results(crm, "EXECUTE dbo.usp_conciliar_campanas")[-1]
    assert [(row[0], row[5], row[7]) for row in rows if row[0] == campaign] == [
        (campaign, Decimal("12.34"), "solo en PromptCRM")
    ]
    shown = results(
        crm, "SELECT ingresos_ads, vendido_crm FROM dbo.v_ingresos_y_ventas WHERE id_campana = %s", (campaign,)
    )
    assert shown[-1] == [(None, Decimal("12.34"))]


def test_the_link_is_not_read_inside_a_transaction(crm: pymssql.Connection) -> None:
    with transaction(crm), raises(50251):
        results(crm, "EXECUTE dbo.usp_conciliar_campanas")


def test_a_link_that_is_down_is_an_error(crm: pymssql.Connection) -> None:
    """Pointed at a port where nothing listens, and back."""
    rename = "EXECUTE master.dbo.sp_setnetname @server = N'PROMPTADS', @netname = %s"
    source = value(crm, "SELECT data_source FROM sys.servers WHERE name = N'PROMPTADS'")
    results(crm, rename, ("127.0.0.1,1",))
    try:
        with raises(50250):
            results(crm, "EXECUTE dbo.usp_conciliar_campanas")
    finally:
        results(crm, rename, (source,))


def test_a_link_that_answers_but_gives_no_data_is_an_error(crm: pymssql.Connection) -> None:
    """The remote statement fails when it is compiled: what the TRY of its own procedure would let by."""
    option = "EXECUTE master.dbo.sp_serveroption N'PROMPTADS', 'data access', %s"
    results(crm, option, ("false",))
    try:
        with raises(50250):
            results(crm, "EXECUTE dbo.usp_conciliar_campanas")
    finally:
        results(crm, option, ("true",))
