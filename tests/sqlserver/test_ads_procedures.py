"""PromptAds' procedures on SQL Server: what each does, each of its errors, and that an error leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pymssql
import pytest
from ads_world import (
    TODAY,
    YESTERDAY,
    Campaign,
    Figures,
    World,
    build,
    call_create,
    call_record,
    campaign,
    create,
    events,
    figures,
    last_event,
    record,
    remove,
)
from server_calls import raises, results, value

pytestmark = pytest.mark.sqlserver

LONG_AGO = date(1990, 1, 1)

# What a caller's CATCH sees: the error, that its transaction is doomed, and that it is still the caller's to end.
CAUGHT = """
END TRY
BEGIN CATCH
    DECLARE @numero int = ERROR_NUMBER(), @estado int = XACT_STATE(), @abiertas int = @@TRANCOUNT;
    ROLLBACK TRANSACTION;
    SELECT @numero, @estado, @abiertas;
END CATCH;
"""


@pytest.fixture
def world(ads: pymssql.Connection) -> Iterator[World]:
    built = build(ads)
    yield built
    remove(ads, built)


@pytest.fixture
def other(ads_database: Callable[[], pymssql.Connection]) -> Iterator[pymssql.Connection]:
    """A second connection: what is committed is what it sees."""
    with closing(ads_database()) as connection:
        yield connection


def rows_of(connection: pymssql.Connection, world: World) -> dict[str, int]:
    """How many rows there are of the world's campaigns, and channels of its name."""
    campaigns = "SELECT id_campana FROM dbo.campanas WHERE id_marca IN (%s, %s)"
    counts = {
        table: value(
            connection,
            f"SELECT COUNT(*) AS filas FROM dbo.{table} WHERE id_campana IN ({campaigns})",
            world.brand,
            world.inactive_brand,
        )
        for table in ("campanas", "anuncios", "campanas_mercados", "rendimiento_diario")
    }
    counts["canales"] = value(
        connection, "SELECT COUNT(*) AS filas FROM dbo.canales WHERE nombre LIKE %s", f"%{world.token}"
    )
    return counts


NOTHING = {"campanas": 0, "anuncios": 0, "campanas_mercados": 0, "rendimiento_diario": 0, "canales": 3}


# --- usp_crear_campana ---------------------------------------------------------------------------------------


def test_a_campaign_is_created_whole(ads: pymssql.Connection, world: World) -> None:
    given = campaign(world)
    new, _ = create(ads, given)
    assert rows_of(ads, world) == {**NOTHING, "campanas": 1, "anuncios": 3, "campanas_mercados": 2}
    (row,) = results(
        ads,
        "SELECT id_marca, referencia, nombre, objetivo, estado, fecha_inicio, fecha_fin, presupuesto, moneda"
        " FROM dbo.campanas WHERE id_campana = %s",
        (new,),
    )[0]
    assert row == (
        *(world.brand, given.reference, given.name, given.objective, "activa"),
        *(TODAY, TODAY, Decimal("1000.00"), "USD"),
    )
    markets = results(
        ads, "SELECT id_mercado, peso FROM dbo.campanas_mercados WHERE id_campana = %s ORDER BY id_mercado", (new,)
    )[0]
    assert markets == list(zip(sorted(world.markets), (Decimal("0.6"), Decimal("0.4")), strict=True))


def test_temporary_keys_become_real_ones(ads: pymssql.Connection, world: World) -> None:
    new, keys = create(ads, campaign(world))
    first, second, _ = world.channels
    assert [(temporary, clave, channel) for temporary, _, clave, channel in keys] == [
        (10, 7, first),
        (20, 7, first),
        (30, 9, second),
    ]
    stored = results(
        ads,
        "SELECT id_anuncio, id_canal, id_influencer, titulo, formato, activo FROM dbo.anuncios WHERE id_campana = %s",
        (new,),
    )[0]
    real = {temporary: key for temporary, key, *_ in keys}
    assert sorted(stored) == sorted(
        [
            (real[10], first, world.influencer, "primero", "video", True),
            (real[20], first, None, "segundo", "historia", True),
            (real[30], second, None, "tercero", "imagen", True),
        ]
    )


def test_two_calls_with_the_same_temporary_keys_are_apart(ads: pymssql.Connection, world: World) -> None:
    one, one_keys = create(ads, campaign(world))
    two, two_keys = create(ads, campaign(world))
    assert one != two
    assert not {key for _, key, *_ in one_keys} & {key for _, key, *_ in two_keys}


def test_a_new_channel_is_made_with_its_price_and_only_once(ads: pymssql.Connection, world: World) -> None:
    name = f"nuevo {world.token}"
    given = campaign(
        world, channels=[(1, name, "video", Decimal("7.5"))], ads=[(1, 1, None, "titulo", "texto", "video")]
    )
    create(ads, given)
    _, ((_, _, _, channel),) = create(ads, replace(given, reference=uuid4()))
    found = results(ads, "SELECT id_canal, tipo, costo_por_mil, activo FROM dbo.canales WHERE nombre = %s", (name,))[0]
    assert found == [(channel, "video", Decimal("7.5000"), True)]


@pytest.mark.parametrize(
    ("start", "end", "state"),
    [
        (TODAY, TODAY, "activa"),
        (TODAY - timedelta(days=9), TODAY + timedelta(days=9), "activa"),
        (TODAY + timedelta(days=1), TODAY + timedelta(days=2), "planificada"),
        (LONG_AGO, YESTERDAY, "finalizada"),
    ],
)
def test_its_state_follows_from_its_days(
    ads: pymssql.Connection, world: World, start: date, end: date, state: str
) -> None:
    new, _ = create(ads, campaign(world, start=start, end=end))
    assert value(ads, "SELECT estado FROM dbo.campanas WHERE id_campana = %s", new) == state


def test_what_it_did_is_in_the_log(ads: pymssql.Connection, world: World) -> None:
    since = last_event(ads)
    new, _ = create(ads, campaign(world))
    assert events(ads, "usp_crear_campana", since) == [("correcto", str(new), 6, None)]


def _change(**changes: Any) -> Callable[[World], Campaign]:
    return lambda world: campaign(world, **changes)


ONE_AD = [(1, 7, None, "titulo", "texto", "video")]

WRONG: dict[str, tuple[int, Callable[[World], Campaign]]] = {
    "unknown brand": (50101, _change(brand=-1)),
    "inactive brand": (50101, lambda world: campaign(world, brand=world.inactive_brand)),
    "ends before it begins": (50102, _change(start=TODAY, end=YESTERDAY)),
    "no channels": (50103, _change(channels=[])),
    "no ads": (50103, _change(ads=[])),
    "no markets": (50103, _change(markets=[])),
    "unknown channel without its price": (
        50104,
        lambda world: campaign(world, channels=[(7, f"otro {world.token}", "video", None)], ads=ONE_AD),
    ),
    "inactive channel": (
        50104,
        lambda world: campaign(world, channels=[(7, world.channel(2), "social", Decimal(5))], ads=ONE_AD),
    ),
    "ad on a channel key that is not there": (
        50105,
        lambda world: campaign(world, ads=[*campaign(world).ads, (40, 8, None, "t", "t", "video")]),
    ),
    "unknown influencer": (
        50106,
        lambda world: campaign(
            world, channels=campaign(world).channels[:1], ads=[(1, 7, f"nadie_{world.token}", "t", "t", "video")]
        ),
    ),
    "influencer of another channel": (
        50106,
        lambda world: campaign(
            world, channels=campaign(world).channels[1:], ads=[(1, 9, world.user, "t", "t", "video")]
        ),
    ),
    "unknown market": (50107, _change(markets=[("ZZ", "ninguna", "ninguna", Decimal(1))])),
    "shares below 1": (
        50108,
        lambda world: campaign(world, markets=[(*world.city(0), Decimal("0.6")), (*world.city(1), Decimal("0.3999"))]),
    ),
    "a share of nothing": (
        50108,
        lambda world: campaign(world, markets=[(*world.city(0), Decimal(1)), (*world.city(1), Decimal(0))]),
    ),
    "channel without ads": (50110, lambda world: campaign(world, ads=ONE_AD)),
    "name too long": (50111, _change(name="x" * 161)),
    # These pass the reads, and fail among the writes: what was written before them must be gone.
    "format outside its list": (
        547,
        lambda world: campaign(
            world,
            channels=[(7, f"nuevo {world.token}", "video", Decimal(5))],
            ads=[(1, 7, None, "titulo", "texto", "mural")],
        ),
    ),
    "objective outside its list": (547, _change(objective="fama")),
    "no objective": (515, _change(objective=None)),
}


@pytest.mark.parametrize(("number", "given"), WRONG.values(), ids=WRONG)
def test_an_error_leaves_nothing_but_its_event(
    ads: pymssql.Connection, world: World, number: int, given: Callable[[World], Campaign]
) -> None:
    since = last_event(ads)
    wrong = given(world)
    with raises(number):
        results(ads, *call_create(wrong))
    assert value(ads, "SELECT @@TRANCOUNT AS abiertas") == 0
    assert rows_of(ads, world) == NOTHING
    assert events(ads, "usp_crear_campana", since) == [("error", str(wrong.reference).upper(), None, number)]


def test_the_same_reference_is_refused(ads: pymssql.Connection, world: World) -> None:
    given = campaign(world)
    create(ads, given)
    with raises(50109):
        create(ads, given)
    assert rows_of(ads, world)["campanas"] == 1


def test_an_error_says_what_it_is_about(ads: pymssql.Connection, world: World) -> None:
    with pytest.raises(pymssql.Error, match=r"The brand does not exist or is not active: id_marca -1\."):
        create(ads, campaign(world, brand=-1))


def test_it_commits_nothing_of_its_caller_s(ads: pymssql.Connection, world: World) -> None:
    *_, ((opened, state, new),) = results(
        ads,
        *call_create(
            campaign(world),
            before="BEGIN TRANSACTION;",
            after="SELECT @@TRANCOUNT, XACT_STATE(), @id; ROLLBACK TRANSACTION;",
        ),
    )
    assert (opened, state) == (1, 1)
    assert new is not None
    assert rows_of(ads, world) == NOTHING


def test_its_caller_s_commit_keeps_it(ads: pymssql.Connection, other: pymssql.Connection, world: World) -> None:
    results(ads, *call_create(campaign(world), before="BEGIN TRANSACTION;", after="COMMIT TRANSACTION;"))
    assert rows_of(other, world)["campanas"] == 1


@pytest.mark.parametrize("case", ["unknown brand", "format outside its list"])
def test_an_error_inside_a_caller_s_transaction_is_the_caller_s_to_end(
    ads: pymssql.Connection, world: World, case: str
) -> None:
    number, given = WRONG[case]
    written = f"UPDATE dbo.marcas SET activa = 0 WHERE id_marca = {world.brand};"
    batch = call_create(given(world), before=f"BEGIN TRY BEGIN TRANSACTION; {written}", after=CAUGHT)
    if case != "unknown brand":  # the brand must be active for the call to come as far as its writes
        batch = (batch[0].replace("activa = 0", "sector = N'otro'"), batch[1])
    *_, ((caught, state, opened),) = results(ads, *batch)
    assert (caught, state, opened) == (number, -1, 1)
    assert rows_of(ads, world) == NOTHING
    assert results(ads, "SELECT activa, sector FROM dbo.marcas WHERE id_marca = %s", (world.brand,))[0] == [
        (True, world.sector)
    ]


# --- usp_registrar_rendimiento -------------------------------------------------------------------------------


@pytest.fixture
def running(ads: pymssql.Connection, world: World) -> int:
    """A campaign of the last ten days."""
    new, _ = create(ads, campaign(world, start=TODAY - timedelta(days=9)))
    return new


def recorded(connection: pymssql.Connection, campaign: int) -> list[tuple[Any, ...]]:
    return results(
        connection,
        "SELECT id_rendimiento, id_canal, fecha, impresiones, alcance, clics, reacciones, conversiones, costo,"
        " ingresos, CONVERT(bigint, rv) FROM dbo.rendimiento_diario WHERE id_campana = %s ORDER BY id_canal, fecha",
        (campaign,),
    )[0]


def test_figures_are_inserted_and_corrected(ads: pymssql.Connection, world: World, running: int) -> None:
    first, second, _ = world.channels
    assert record(ads, [figures(running, first, YESTERDAY), figures(running, second, TODAY)]) == (2, 0)
    before = recorded(ads, running)
    assert [row[1:-1] for row in before] == [
        figures(running, first, YESTERDAY)[1:],
        figures(running, second, TODAY)[1:],
    ]
    since = last_event(ads)
    assert record(
        ads,
        [
            figures(running, first, YESTERDAY),
            figures(running, second, TODAY, "31.50"),
            figures(running, first, TODAY),
        ],
    ) == (1, 1)
    after = {row[1:3]: row for row in recorded(ads, running)}
    unchanged, corrected = before
    assert after[first, YESTERDAY] == unchanged  # its rv too: the ETL does not move it again
    assert after[second, TODAY][0] == corrected[0]
    assert after[second, TODAY][9] == Decimal("31.50")
    assert after[second, TODAY][-1] > corrected[-1]
    assert len(after) == 3
    assert events(ads, "usp_registrar_rendimiento", since) == [("correcto", None, 2, None)]


def test_the_same_figures_again_change_nothing(ads: pymssql.Connection, world: World, running: int) -> None:
    rows = [figures(running, channel, day) for channel in world.channels[:2] for day in (YESTERDAY, TODAY)]
    record(ads, rows)
    before = recorded(ads, running)
    assert record(ads, rows) == (0, 0)
    assert recorded(ads, running) == before


WRONG_FIGURES: dict[str, tuple[int, Callable[[int, World], Figures]]] = {
    "unknown campaign": (50121, lambda _, world: figures(-1, world.channels[0], TODAY)),
    "unknown channel": (50122, lambda running, _: figures(running, -1, TODAY)),
    "before the campaign": (
        50123,
        lambda running, world: figures(running, world.channels[0], TODAY - timedelta(days=10)),
    ),
    "in the future": (50123, lambda running, world: figures(running, world.channels[0], TODAY + timedelta(days=1))),
    "negative revenue": (547, lambda running, world: figures(running, world.channels[0], TODAY, "-1")),
}


@pytest.mark.parametrize(("number", "wrong"), WRONG_FIGURES.values(), ids=WRONG_FIGURES)
def test_one_wrong_row_and_none_is_recorded(
    ads: pymssql.Connection, world: World, running: int, number: int, wrong: Callable[[int, World], Figures]
) -> None:
    since = last_event(ads)
    with raises(number):
        record(ads, [figures(running, world.channels[1], YESTERDAY), wrong(running, world)])
    assert recorded(ads, running) == []
    assert value(ads, "SELECT @@TRANCOUNT AS abiertas") == 0
    assert events(ads, "usp_registrar_rendimiento", since) == [("error", None, None, number)]


def test_no_rows_is_an_error(ads: pymssql.Connection) -> None:
    with raises(50120):
        record(ads, [])


def test_figures_are_part_of_a_caller_s_transaction(ads: pymssql.Connection, world: World, running: int) -> None:
    rows = [figures(running, world.channels[0], TODAY)]
    *_, ((opened, state),) = results(
        ads,
        *call_record(
            rows, before="BEGIN TRANSACTION;", after="SELECT @@TRANCOUNT, XACT_STATE(); ROLLBACK TRANSACTION;"
        ),
    )
    assert (opened, state) == (1, 1)
    assert recorded(ads, running) == []
    *_, ((caught, state, opened),) = results(
        ads,
        *call_record([figures(-1, world.channels[0], TODAY)], before="BEGIN TRY BEGIN TRANSACTION;", after=CAUGHT),
    )
    assert (caught, state, opened) == (50121, -1, 1)


# --- usp_cerrar_campanas_vencidas ----------------------------------------------------------------------------

CLOSE = "DECLARE @cerradas int; EXECUTE dbo.usp_cerrar_campanas_vencidas @hasta = %s, @cerradas = @cerradas OUTPUT;"


@pytest.fixture
def expired(ads: pymssql.Connection, world: World) -> int:
    """A campaign of one day, long before any other, and running as far as its state says."""
    new, _ = create(ads, campaign(world, start=LONG_AGO, end=LONG_AGO))
    results(ads, "UPDATE dbo.campanas SET estado = N'activa' WHERE id_campana = %s", (new,))
    return new


def state_of(connection: pymssql.Connection, campaign: int) -> tuple[str, int]:
    """Its state, and how many of its ads are active."""
    ((found,),) = results(connection, "SELECT estado FROM dbo.campanas WHERE id_campana = %s", (campaign,))[0]
    active = value(connection, "SELECT COUNT(*) AS n FROM dbo.anuncios WHERE id_campana = %s AND activo = 1", campaign)
    return found, active


def test_expired_campaigns_are_closed_and_their_ads_withdrawn(
    ads: pymssql.Connection, world: World, expired: int, running: int
) -> None:
    since = last_event(ads)
    closed, ((count,),) = results(ads, CLOSE + " SELECT @cerradas AS cerradas;", (LONG_AGO,))
    assert closed == [(expired, "campaña de prueba", LONG_AGO, "activa")]
    assert count == 1
    assert state_of(ads, expired) == ("finalizada", 0)
    assert state_of(ads, running) == ("activa", 3)
    assert events(ads, "usp_cerrar_campanas_vencidas", since) == [("correcto", "1990-01-01", 1, None)]


def test_closing_again_closes_nothing(ads: pymssql.Connection, expired: int) -> None:
    results(ads, CLOSE, (LONG_AGO,))
    closed, ((count,),) = results(ads, CLOSE + " SELECT @cerradas AS cerradas;", (LONG_AGO,))
    assert (closed, count) == ([], 0)


def test_the_day_before_its_last_leaves_it_open(ads: pymssql.Connection, expired: int) -> None:
    results(ads, CLOSE, (LONG_AGO - timedelta(days=1),))
    assert state_of(ads, expired) == ("activa", 3)


def test_without_a_day_it_closes_to_yesterday(ads: pymssql.Connection, world: World, expired: int) -> None:
    ended, _ = create(ads, campaign(world, start=YESTERDAY, end=YESTERDAY))
    results(ads, "UPDATE dbo.campanas SET estado = N'pausada' WHERE id_campana = %s", (ended,))
    ends_today, _ = create(ads, campaign(world))
    # Other campaigns of the database may be past, too: rolled back.
    closed = results(ads, "BEGIN TRANSACTION; EXECUTE dbo.usp_cerrar_campanas_vencidas; ROLLBACK TRANSACTION;")[0]
    mine = {row[0]: row[3] for row in closed if row[0] in (expired, ended, ends_today)}
    assert mine == {expired: "activa", ended: "pausada"}


@pytest.mark.parametrize("day", [TODAY, TODAY + timedelta(days=400)])
def test_a_day_that_is_not_over_is_refused(ads: pymssql.Connection, expired: int, day: date) -> None:
    since = last_event(ads)
    with raises(50130):
        results(ads, CLOSE, (day,))
    assert state_of(ads, expired) == ("activa", 3)
    assert events(ads, "usp_cerrar_campanas_vencidas", since) == [("error", day.isoformat(), None, 50130)]


def test_closing_is_part_of_a_caller_s_transaction(ads: pymssql.Connection, expired: int) -> None:
    after = " SELECT @@TRANCOUNT, XACT_STATE(); ROLLBACK TRANSACTION;"
    *_, ((opened, state),) = results(ads, "BEGIN TRANSACTION; " + CLOSE + after, (LONG_AGO,))
    assert (opened, state) == (1, 1)
    assert state_of(ads, expired) == ("activa", 3)
    *_, ((caught, state, opened),) = results(ads, "BEGIN TRY BEGIN TRANSACTION; " + CLOSE + CAUGHT, (TODAY,))
    assert (caught, state, opened) == (50130, -1, 1)


# --- usp_registrar_evento ------------------------------------------------------------------------------------


def test_a_failing_log_does_not_break_what_it_reports_on(ads: pymssql.Connection, world: World) -> None:
    batch = f"""
        SET XACT_ABORT ON;
        BEGIN TRANSACTION;
        UPDATE dbo.marcas SET sector = N'otro' WHERE id_marca = {world.brand};
        EXECUTE dbo.usp_registrar_evento @procedimiento = NULL, @resultado = N'correcto';
        SELECT XACT_STATE() AS estado;
        COMMIT TRANSACTION;
    """
    assert results(ads, batch)[-1] == [(1,)]
    assert value(ads, "SELECT sector FROM dbo.marcas WHERE id_marca = %s", world.brand) == "otro"


def test_in_a_doomed_transaction_the_log_is_silent(ads: pymssql.Connection) -> None:
    since = last_event(ads)
    batch = f"""
        SET XACT_ABORT ON;
        BEGIN TRY
            BEGIN TRANSACTION;
            SELECT 1 / 0 AS infinito;
        END TRY
        BEGIN CATCH
            EXECUTE dbo.usp_registrar_evento @procedimiento = N'prueba', @resultado = N'error';
            ROLLBACK TRANSACTION;
        END CATCH;
        SELECT COUNT(*) AS filas FROM dbo.bitacora_procedimientos
        WHERE procedimiento = N'prueba' AND id_evento > {since};
    """
    assert results(ads, batch)[-1] == [(0,)]


def test_an_unregistered_number_is_still_an_error(ads: pymssql.Connection) -> None:
    with raises(50199):
        results(ads, "EXECUTE dbo.usp_lanzar_error 50199;")


# Purging


def test_old_rows_of_the_log_go_and_others_stay(ads: pymssql.Connection) -> None:
    for days in (91, 89):
        results(
            ads,
            "INSERT INTO dbo.bitacora_procedimientos (procedimiento, resultado, registrado_en)"
            " VALUES (N'prueba de purga', N'correcto', DATEADD(DAY, %s, SYSUTCDATETIME()))",
            (-days,),
        )
    purge = "DECLARE @n int; EXECUTE dbo.usp_purgar_bitacora @borradas = @n OUTPUT; SELECT @n AS borradas"
    assert value(ads, purge) >= 1
    left = "SELECT COUNT(*) AS filas FROM dbo.bitacora_procedimientos WHERE procedimiento = N'prueba de purga'"
    assert value(ads, left) == 1
    results(ads, "DELETE FROM dbo.bitacora_procedimientos WHERE procedimiento = N'prueba de purga'")


def test_a_week_of_the_log_is_always_kept(ads: pymssql.Connection) -> None:
    with raises(50140):
        results(ads, "EXECUTE dbo.usp_purgar_bitacora @dias = 6")


def test_tombstones_up_to_a_version_go_and_later_ones_stay(ads: pymssql.Connection) -> None:
    add = "INSERT INTO dbo.bajas (tabla, clave) VALUES (N'prueba de purga', %s)"
    results(ads, add, ("[1]",))
    version = value(ads, "SELECT version FROM etl.limite")
    results(ads, add, ("[2]",))
    purge = "DECLARE @n int; EXECUTE dbo.usp_purgar_bajas @hasta = %s, @borradas = @n OUTPUT; SELECT @n AS borradas"
    assert value(ads, purge, version) >= 1
    assert results(ads, "SELECT clave FROM dbo.bajas WHERE tabla = N'prueba de purga'")[-1] == [("[2]",)]
    results(ads, "DELETE FROM dbo.bajas WHERE tabla = N'prueba de purga'")


@pytest.mark.parametrize("version", ["NULL", "0", "9223372036854775807"])
def test_tombstones_are_not_purged_beyond_the_limit(version: str, ads: pymssql.Connection) -> None:
    with raises(50141):
        results(ads, f"EXECUTE dbo.usp_purgar_bajas @hasta = {version}")
