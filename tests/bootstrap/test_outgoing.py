"""Nothing leaves to a server whose certificate is not believed, whichever client it is."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from app.bootstrap import outgoing
from app.bootstrap.parts import parts_of
from app.configuration.settings import Settings
from tests.support.running.certificates import made_certificate, speaking_tls

SOON = timedelta(seconds=20)


def to_salesmanago() -> httpx.AsyncClient:
    return parts_of(Settings()).client(timeout=20.0, verify=outgoing.authorities(trust_env=True))


def to_where_a_shop_says() -> httpx.AsyncClient:
    return outgoing.to_anywhere_client(parts_of(Settings()), httpx.Timeout(20.0))


@pytest.mark.parametrize("client", [to_salesmanago, to_where_a_shop_says])
async def test_a_server_that_signed_for_itself_is_not_spoken_to(tmp_path: Path, client: object) -> None:
    server, _ = made_certificate(tmp_path, datetime.now(UTC) + timedelta(days=90))
    async with speaking_tls(server) as url, client() as http:  # type: ignore[operator]
        with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
            await http.post(url, json={"email": "jan@example.com"})


async def test_an_authority_that_the_environment_names_is_believed_and_an_old_certificate_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    for days, wrong in ((90, httpx.RemoteProtocolError), (-1, httpx.ConnectError)):
        server, _ = made_certificate(tmp_path, datetime.now(UTC) + timedelta(days=days))
        outgoing.authorities.cache_clear()
        try:
            async with speaking_tls(server) as url, to_salesmanago() as http:
                with pytest.raises(wrong):
                    await http.get(url)
        finally:
            outgoing.authorities.cache_clear()
