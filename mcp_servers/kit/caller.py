"""Who calls a tool."""

from __future__ import annotations

from dataclasses import dataclass, field

from pydantic import SecretStr


@dataclass(frozen=True)
class Caller:
    """A signed-on user, as an access token and the warehouse tell of them.

    Attributes:
        user_id: `sso.usuarios.id_usuario`.
        session_id: of the session that the token belongs to.
        scopes: what they may do.
        countries: ISO 3166 codes whose figures they see; None is every one.
        token: what they came with, for servers that this one asks on their behalf.
    """

    user_id: int
    session_id: str
    scopes: frozenset[str]
    countries: frozenset[str] | None
    token: SecretStr = field(repr=False, compare=False)

    @property
    def permissions(self) -> str:
        """What an answer may depend on besides its question: equal for callers who may see the same."""
        countries = "*" if self.countries is None else ",".join(sorted(self.countries))
        return f"{' '.join(sorted(self.scopes))}|{countries}"

    def sees(self, country: str) -> bool:
        """Whether figures of a country, an ISO 3166 code, are theirs to see."""
        return self.countries is None or country in self.countries
