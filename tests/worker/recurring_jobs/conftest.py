import pytest


@pytest.fixture(params=["memory", "postgresql"])
def dsn(request: pytest.FixtureRequest) -> str | None:
    """Where the jobs are: in this process, or in a database of one's own."""
    return None if request.param == "memory" else request.getfixturevalue("pg_dsn")


@pytest.fixture
def pg_dsn(postgresql_url: str) -> str:
    return postgresql_url.replace("+asyncpg", "")
