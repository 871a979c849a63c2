"""A small PromptAds of a test's own: a brand, channels, markets and an influencer that nothing else uses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pymssql
from server_calls import Rows, results, value

TODAY = datetime.now(UTC).date()
YESTERDAY = TODAY - timedelta(days=1)

Channel = tuple[int, str, str | None, Decimal | None]
Ad = tuple[int, int, str | None, str, str, str]
Market = tuple[str, str, str, Decimal]
Figures = tuple[int, int, date, int, int, int, int, int, Decimal, Decimal]

CREATE_CAMPAIGN = """
EXECUTE dbo.usp_crear_campana
    @id_marca = %s, @referencia = %s, @nombre = %s, @descripcion = N'', @objetivo = %s, @fecha_inicio = %s,
    @fecha_fin = %s, @presupuesto = 1000, @moneda = 'USD',
    @canales = @canales, @anuncios = @anuncios, @mercados = @mercados, @id_campana = @id OUTPUT;
"""

RECORD_FIGURES = """
EXECUTE dbo.usp_registrar_rendimiento
    @filas = @filas, @insertadas = @insertadas OUTPUT, @actualizadas = @actualizadas OUTPUT;
"""


@dataclass(frozen=True)
class World:
    """Keys and names of what `build` inserted. Channel 0 has the influencer, channel 2 is inactive."""

    token: str
    brand: int
    inactive_brand: int
    channels: tuple[int, int, int]
    influencer: int
    markets: tuple[int, int]

    @property
    def sector(self) -> str:
        return f"sector {self.token}"

    def channel(self, index: int) -> str:
        return f"canal {index} {self.token}"

    @property
    def user(self) -> str:
        return f"user_{self.token}"

    def city(self, index: int) -> tuple[str, str, str]:
        return "ZZ", f"region {self.token}", f"ciudad {index}"


def build(connection: pymssql.Connection) -> World:
    """Insert one, under a token no other has."""
    token = uuid4().hex[:12]

    def key(table: str) -> int:
        return int(value(connection, f"SELECT NEXT VALUE FOR dbo.seq_{table} AS clave"))

    world = World(
        token=token,
        brand=key("marcas"),
        inactive_brand=key("marcas"),
        channels=(key("canales"), key("canales"), key("canales")),
        influencer=key("influencers"),
        markets=(key("mercados"), key("mercados")),
    )
    for brand, active in ((world.brand, 1), (world.inactive_brand, 0)):
        results(
            connection,
            "INSERT INTO dbo.marcas (id_marca, nombre, sector, codigo_pais, activa) VALUES (%s, %s, %s, 'ZZ', %s)",
            (brand, f"marca {brand} {token}", world.sector, active),
        )
    for index, channel in enumerate(world.channels):
        results(
            connection,
            "INSERT INTO dbo.canales (id_canal, nombre, tipo, costo_por_mil, activo) VALUES (%s, %s, N'social', 5, %s)",
            (channel, world.channel(index), int(index < 2)),
        )
    results(
        connection,
        "INSERT INTO dbo.influencers (id_influencer, nombre, usuario, id_canal, codigo_pais, seguidores, tarifa)"
        " VALUES (%s, %s, %s, %s, 'ZZ', 1000, 50)",
        (world.influencer, f"persona {token}", world.user, world.channels[0]),
    )
    for index, market in enumerate(world.markets):
        results(
            connection,
            "INSERT INTO dbo.mercados"
            " (id_mercado, pais, codigo_pais, region, ciudad, latitud, longitud, poblacion, moneda)"
            " VALUES (%s, N'Zona', %s, %s, %s, 10, -84, %s, 'USD')",
            (market, *world.city(index), 1000 * (index + 1)),
        )
    return world


def remove(connection: pymssql.Connection, world: World) -> None:
    """Delete it, with every campaign of its brands and every channel named after it."""
    campaigns = "SELECT id_campana FROM dbo.campanas WHERE id_marca IN (%s, %s)"
    brands = (world.brand, world.inactive_brand)
    for delete in (
        "DELETE FROM dbo.sentimientos WHERE id_anuncio IN"
        f" (SELECT id_anuncio FROM dbo.anuncios WHERE id_campana IN ({campaigns}))",
        f"DELETE FROM dbo.rendimiento_diario WHERE id_campana IN ({campaigns})",
        f"DELETE FROM dbo.campanas_mercados WHERE id_campana IN ({campaigns})",
        f"DELETE FROM dbo.anuncios WHERE id_campana IN ({campaigns})",
        "DELETE FROM dbo.campanas WHERE id_marca IN (%s, %s)",
        "DELETE FROM dbo.marcas WHERE id_marca IN (%s, %s)",
    ):
        results(connection, delete, brands)
    results(connection, "DELETE FROM dbo.influencers WHERE id_influencer = %s", (world.influencer,))
    results(connection, "DELETE FROM dbo.mercados WHERE id_mercado IN (%s, %s)", world.markets)
    results(connection, "DELETE FROM dbo.canales WHERE nombre LIKE %s", (f"%{world.token}",))


@dataclass(frozen=True)
class Campaign:
    """The arguments of one call of `usp_crear_campana`."""

    brand: int
    channels: Sequence[Channel]
    ads: Sequence[Ad]
    markets: Sequence[Market]
    reference: UUID
    name: str = "campaña de prueba"
    objective: str = "conversion"
    start: date = TODAY
    end: date = TODAY


def campaign(world: World, **changes: Any) -> Campaign:
    """One that the procedure takes: two channels, three ads, two markets. `changes` may make it another."""
    arguments: dict[str, Any] = {
        "brand": world.brand,
        "channels": [(7, world.channel(0), None, None), (9, world.channel(1), None, None)],
        "ads": [
            (30, 9, None, "tercero", "texto", "imagen"),
            (10, 7, world.user, "primero", "texto", "video"),
            (20, 7, None, "segundo", "texto", "historia"),
        ],
        "markets": [(*world.city(0), Decimal("0.6")), (*world.city(1), Decimal("0.4"))],
        "reference": uuid4(),
    }
    return Campaign(**(arguments | changes))


def call_create(campaign: Campaign, *, before: str = "", after: str = "") -> tuple[str, list[Any]]:
    """A batch that calls the procedure, between `before` and `after`, and its values. @id holds the new key."""
    batch = "SET NOCOUNT ON;\nDECLARE @canales dbo.tipo_canales, @anuncios dbo.tipo_anuncios;\n"
    batch += "DECLARE @mercados dbo.tipo_mercados, @id int;\n"
    values: list[Any] = []
    for table, rows in (("canales", campaign.channels), ("anuncios", campaign.ads), ("mercados", campaign.markets)):
        for row in rows:
            batch += f"INSERT INTO @{table} VALUES ({', '.join(['%s'] * len(row))});\n"
            values += row
    values += [campaign.brand, str(campaign.reference), campaign.name, campaign.objective, campaign.start, campaign.end]
    return batch + before + CREATE_CAMPAIGN + after, values


def create(connection: pymssql.Connection, campaign: Campaign) -> tuple[int, Rows]:
    """Call it; the new key, and the keys of its ads: temporary, real, the channel's temporary, the channel's real."""
    *_, keys, ((new,),) = results(connection, *call_create(campaign, after="SELECT @id AS id_campana;"))
    return int(new), keys


def call_record(rows: Sequence[Figures], *, before: str = "", after: str = "") -> tuple[str, list[Any]]:
    """A batch that calls `usp_registrar_rendimiento`, between `before` and `after`, and its values."""
    batch = "SET NOCOUNT ON;\nDECLARE @filas dbo.tipo_rendimiento, @insertadas int, @actualizadas int;\n"
    values: list[Any] = []
    for row in rows:
        batch += f"INSERT INTO @filas VALUES ({', '.join(['%s'] * len(row))});\n"
        values += row
    return batch + before + RECORD_FIGURES + after, values


def record(connection: pymssql.Connection, rows: Sequence[Figures]) -> tuple[int, int]:
    """Call it; how many days were new, and how many changed."""
    (counts,) = results(connection, *call_record(rows, after="SELECT @insertadas, @actualizadas;"))[-1]
    return counts[0], counts[1]


def figures(campaign: int, channel: int, day: date, revenue: str = "20.00") -> Figures:
    """A day of a campaign on a channel."""
    return campaign, channel, day, 1000, 900, 80, 40, 4, Decimal("10.00"), Decimal(revenue)


def events(connection: pymssql.Connection, procedure: str, since: int) -> Rows:
    """What the log says of a procedure after the event `since`: outcome, key, rows, error."""
    return results(
        connection,
        "SELECT resultado, clave, filas, numero_error FROM dbo.bitacora_procedimientos"
        " WHERE procedimiento = %s AND id_evento > %s ORDER BY id_evento",
        (procedure, since),
    )[-1]


def last_event(connection: pymssql.Connection) -> int:
    """The key of the newest event, 0 where there is none."""
    return int(value(connection, "SELECT COALESCE(MAX(id_evento), 0) AS clave FROM dbo.bitacora_procedimientos"))
