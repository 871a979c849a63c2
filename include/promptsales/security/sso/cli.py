"""`promptsales sso`: users, their roles and countries, tokens and keys."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, cast
from urllib.parse import urlsplit

import typer
from rich.console import Console
from rich.table import Table

from promptsales.connections import connect_postgres, connect_redis
from promptsales.local.interruption import end_by_keyboard_interrupt
from promptsales.security.sso.errors import SignOnError
from promptsales.security.sso.keys import key_set, rotate
from promptsales.security.sso.publication import PATH, KeyServer
from promptsales.security.sso.sign_in import AUDIENCES, SignOn, Tokens
from promptsales.security.sso.tokens import LIFETIME, LONGEST
from promptsales.security.sso.users import Users
from promptsales.settings import Settings

app = typer.Typer(help="Users, their roles and countries, tokens and keys.", no_args_is_help=True)
user_app = typer.Typer(help="Add, disable, list users; give and take roles and countries.", no_args_is_help=True)
app.add_typer(user_app, name="user")
console = Console()

UserName = Annotated[str, typer.Argument(metavar="USER", help="the user's name")]
PasswordStdin = Annotated[bool, typer.Option("--password-stdin", help="read the password from standard input")]
Audience = Annotated[list[str] | None, typer.Option(help="a server that the token is for; all four by default")]
Minutes = Annotated[
    int, typer.Option(min=1, max=LONGEST.seconds // 60, help="how long the access token holds, its session permitting")
]
AsJson = Annotated[bool, typer.Option("--json", help="the refresh token, expiry and scopes, too")]
DEFAULT_MINUTES = LIFETIME.seconds // 60


class Change(StrEnum):
    """What `user role` does with a role."""

    grant = "grant"
    take = "take"


@user_app.command()
def add(
    username: UserName,
    name: Annotated[str, typer.Option(help="as people call them")],
    role: Annotated[list[str] | None, typer.Option(help="a role; may be given several times")] = None,
    country: Annotated[list[str] | None, typer.Option(help="ISO 3166 code whose figures they see; * is all")] = None,
    postgresql_login: Annotated[str | None, typer.Option(help="their own login in the warehouse")] = None,
    password_stdin: PasswordStdin = False,
) -> None:
    """Add a user."""
    password = _password(password_stdin, confirm=True)
    with _sign_on() as sign_on:
        _users(sign_on).add(username, name, password, role or (), country or (), postgresql_login)
    console.print(f"[green]✓[/green] {username} may sign in: `promptsales sso token {username}`", highlight=False)


@user_app.command()
def disable(username: UserName) -> None:
    """Keep a user out, and end their sessions."""
    with _sign_on() as sign_on:
        _users(sign_on).disable(username)
    console.print(f"[green]✓[/green] {username} is disabled and signed out", highlight=False)


@user_app.command()
def enable(username: UserName) -> None:
    """Let a user in again who was disabled or locked out."""
    with _sign_on() as sign_on:
        _users(sign_on).enable(username)
    console.print(f"[green]✓[/green] {username} may sign in", highlight=False)


@user_app.command()
def role(
    username: UserName,
    change: Annotated[Change, typer.Argument(help="what to do")],
    role: Annotated[str, typer.Argument(help="the role")],
) -> None:
    """Give a role to a user, or take it away and end their sessions."""
    with _sign_on() as sign_on:
        users = _users(sign_on)
        (users.grant if change is Change.grant else users.take)(username, role)
    done = "has" if change is Change.grant else "no longer has"
    console.print(f"[green]✓[/green] {username} {done} the role {role}", highlight=False)


@user_app.command()
def countries(
    username: UserName,
    codes: Annotated[list[str] | None, typer.Argument(metavar="[CODE]...", help="ISO 3166 codes; * is all")] = None,
) -> None:
    """Set the countries whose figures a user sees; none where none is given."""
    with _sign_on() as sign_on:
        _users(sign_on).set_countries(username, codes or ())
    console.print(f"[green]✓[/green] {username} sees {', '.join(codes or ()) or 'no country'}", highlight=False)


@user_app.command()
def password(username: UserName, password_stdin: PasswordStdin = False) -> None:
    """Replace a user's password, and end their sessions."""
    new = _password(password_stdin, confirm=True)
    with _sign_on() as sign_on:
        _users(sign_on).change_password(username, new)
    console.print(f"[green]✓[/green] {username} has a new password", highlight=False)


@user_app.command("list")
def list_users() -> None:
    """Show every user."""
    table = Table("user", "name", "state", "roles", "countries", "sessions", box=None, padding=(0, 2, 0, 0))
    with _sign_on() as sign_on:
        for each in _users(sign_on).all():
            state = "disabled" if not each.active else "locked" if each.locked else "active"
            roles, places = ", ".join(each.roles), ", ".join(each.countries)
            table.add_row(each.username, each.name, state, roles, places, str(each.sessions))
    console.print(table)


@app.command()
def token(
    username: UserName,
    audience: Audience = None,
    minutes: Minutes = DEFAULT_MINUTES,
    password_stdin: PasswordStdin = False,
    as_json: AsJson = False,
) -> None:
    """Sign a user in and print an access token: `export PROMPTSALES_MCP_TOKEN=$(promptsales sso token USER)`."""
    password = _password(password_stdin)
    with _sign_on() as sign_on:
        _show(sign_on.sign_in(username, password, audience or AUDIENCES, timedelta(minutes=minutes)), as_json)


@app.command()
def refresh(audience: Audience = None, minutes: Minutes = DEFAULT_MINUTES) -> None:
    """Read a refresh token from standard input and print, as JSON, the tokens that follow."""
    with _sign_on() as sign_on:
        _show(sign_on.refresh(_line(), audience or AUDIENCES, timedelta(minutes=minutes)), True)


@app.command()
def revoke(username: UserName) -> None:
    """End all sessions of a user at once."""
    with _sign_on() as sign_on:
        ended = _users(sign_on).revoke(username)
    console.print(f"[green]✓[/green] sessions of {username} ended: {ended}", highlight=False)


@app.command()
def jwks() -> None:
    """Print the public keys (JWKS) that tokens are checked with."""
    with _sign_on() as sign_on:
        print(json.dumps(key_set(sign_on.connection), indent=2))


@app.command("serve-keys")
def serve_keys(
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="the issuer's where not given")] = None,
) -> None:
    """Publish the public keys at /.well-known/jwks.json, until Ctrl-C."""
    settings = Settings()
    end_by_keyboard_interrupt()
    wanted = port if port is not None else urlsplit(settings.sso_issuer).port or 80
    verifier = settings.url("sso_verifier"), settings.variable("sso_verifier")
    try:
        server = KeyServer((host, wanted), lambda: connect_postgres(*verifier))
    except OSError as error:
        raise SignOnError(f"The keys cannot be served on {host}:{wanted}: {error.strerror}.") from None
    with server, suppress(KeyboardInterrupt):
        console.print(f"[green]✓[/green] http://{host}:{server.server_port}{PATH}", highlight=False, soft_wrap=True)
        server.serve_forever()


@app.command("rotate-keys")
def rotate_keys(
    stolen: Annotated[bool, typer.Option("--stolen", help="end the old keys' tokens with them")] = False,
) -> None:
    """Make a new signing key; tokens of the old one hold until they expire."""
    settings = Settings()
    with _sign_on() as sign_on:
        key = rotate(sign_on.connection, settings.sso_key_dir, stolen=stolen)
    console.print(f"[green]✓[/green] {key.kid} signs from now on", highlight=False)


@contextmanager
def _sign_on() -> Iterator[SignOn]:
    settings = Settings()
    with (
        closing(connect_postgres(settings.url("sso"), settings.variable("sso"))) as connection,
        closing(connect_redis(settings.url("redis"), settings.variable("redis"))) as redis,
    ):
        connection.autocommit = True
        yield SignOn(connection, redis, settings.sso_key_dir, settings.sso_issuer)


def _users(sign_on: SignOn) -> Users:
    return Users(sign_on.connection, sign_on.redis)


def _password(stdin: bool, *, confirm: bool = False) -> str:
    if stdin:
        if not (text := _line()):
            raise SignOnError("No password came from standard input.")
        return text
    # To standard error: standard output is the token's.
    return cast(str, typer.prompt("Password", hide_input=True, confirmation_prompt=confirm, err=True))


def _line() -> str:
    try:
        text = sys.stdin.readline().rstrip("\n")
        # What Python let through as it came fails here, and not where it is hashed.
        text.encode()
    except UnicodeError:
        raise SignOnError("Standard input is not UTF-8.") from None
    return text


def _show(tokens: Tokens, as_json: bool) -> None:
    if not as_json:
        print(tokens.access)
        return
    shown = {
        "access_token": tokens.access,
        "token_type": "Bearer",
        "expires_at": tokens.expires.isoformat(timespec="seconds"),
        "refresh_token": tokens.refresh,
        "scope": " ".join(sorted(tokens.scopes)),
    }
    print(json.dumps(shown, indent=2))
