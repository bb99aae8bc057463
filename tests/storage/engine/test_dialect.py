"""What both stores understand, said in each one's own way."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Select, Table, Text, select, text

from app.storage.engine.database import Database
from app.storage.engine.dialect import ListStatement, one_of
from app.storage.engine.tables import contacts

NAMES = (
    "plain",
    "it's",
    'a "quoted" one',
    "back\\slash",
    "żółć",
    "🙂",
    "  ",
    "",
    "a,b",
    "12",
    "null",
    "\t\n",
    "İstanbul",
    "ß",
    "SS",
)
named = Table("named", MetaData(), Column("number", Integer, primary_key=True), Column("name", Text))


async def found(database: Database, wanted: Sequence[Any], column: str) -> list[Any]:
    async with database.engine.begin() as connection:
        await connection.execute(text("CREATE TEMPORARY TABLE named (number INTEGER PRIMARY KEY, name TEXT)"))
        await connection.execute(named.insert(), [{"number": at, "name": name} for at, name in enumerate(NAMES)])
        rows = await connection.execute(select(named.c[column]).where(one_of(connection, named.c[column], wanted)))
        answer = sorted(rows.scalars())
        made_once = ListStatement(lambda listed: select(named.c[column]).where(listed(named.c[column])))
        assert sorted((await made_once.run(connection, wanted)).scalars()) == answer
        await connection.execute(text("DROP TABLE named"))
        return answer


@pytest.mark.parametrize("wanted", [(), NAMES[:1], NAMES[:7], NAMES[7:], NAMES, ("12", "13"), ("PLAIN", "ss", "istanbul")])
async def test_one_of_many_texts_finds_those_and_no_other(database: Database, wanted: Sequence[str]) -> None:
    assert await found(database, wanted, "name") == sorted(set(NAMES) & set(wanted))


@pytest.mark.parametrize("wanted", [(), (3,), (0, 3, 99, 2**31 - 1)])
async def test_one_of_many_numbers_finds_those_and_no_other(database: Database, wanted: Sequence[int]) -> None:
    assert await found(database, wanted, "number") == [one for one in wanted if one < len(NAMES)]


async def test_a_text_with_nul_is_not_taken_for_its_beginning(database: Database) -> None:
    if database.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL keeps no such text, and refuses to be asked for one")
    assert await found(database, ["plain\x00er", "12\x00"], "name") == []


def _cache_key(wanted: Select[Any]) -> Any:
    key = wanted._generate_cache_key()
    assert key is not None
    return key.key


async def test_lists_of_any_length_are_one_statement(database: Database) -> None:
    async with database.engine.connect() as connection:
        statements = [select(named).where(one_of(connection, named.c.name, NAMES[:length])) for length in (1, 2, len(NAMES))]
        texts = {str(one.compile(dialect=connection.dialect, compile_kwargs={"render_postcompile": True})) for one in statements}
    assert len(texts) == 1
    assert len({_cache_key(one) for one in statements}) == 1


async def test_sqlite_finds_many_along_an_index(database: Database) -> None:
    if database.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL decides by how many rows there are")
    async with database.engine.connect() as connection:
        asked = select(contacts.c.doc).where(one_of(connection, contacts.c.id, [1, 2])).compile(dialect=connection.dialect)
        plan = [row.detail for row in await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}", (json.dumps([1, 2]),))]
    assert any(line.startswith("SEARCH contacts USING") for line in plan), plan
