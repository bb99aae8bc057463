"""What is said of settings and of a file of shops while the gateway is stopped."""

from pathlib import Path

from tests.support.running.processes import World


def test_serve_refuses_to_start_without_encryption_keys(stopped: World) -> None:
    stopped.environment["GATEWAY_ENCRYPTION_KEYS"] = ""
    refused = stopped.command("serve")
    assert refused.returncode == 1
    assert "gateway keys encryption" in " ".join(refused.stderr.split())


def test_apply_names_every_mistake_at_once_and_no_secret(stopped: World) -> None:
    text = stopped.shops_file.read_text()
    text = text.replace('location = "sklep_example"', 'location = "Sklep!"').replace(
        'account = "main"\nhost = "hurt', 'account = "mian"\nhost = "hurt'
    )
    text = text.replace("env:TEST_SECRET", "plain-secret-in-the-file").replace('policy = "all_customers"', 'policy = "everybody"')
    stopped.shops_file.write_text(text)
    refused = stopped.command("apply", str(stopped.shops_file), "--yes")
    assert refused.returncode == 1
    words = " ".join(refused.stderr.split())
    assert "accounts.main.api_secret" in words
    assert "shops.shop1.location" in words
    assert "shops.shop2.policy" in words
    assert "plain-secret-in-the-file" not in words
    assert "Traceback" not in words


def test_r16_a_shops_file_is_shown_and_stored_and_a_location_never_moves(stopped: World) -> None:
    declined = stopped.command("apply", str(stopped.shops_file), stdin="n\n")
    assert declined.returncode == 1
    assert "shop shop1: new" in declined.stdout
    stored = stopped.command("apply", str(stopped.shops_file), "--yes")
    assert "Stored." in stored.stdout
    assert "Nothing changes." in stopped.command("apply", str(stopped.shops_file)).stdout
    stopped.shops_file.write_text(stopped.shops_file.read_text().replace('policy = "order_consent"', 'policy = "all_customers"'))
    changed = stopped.command("apply", str(stopped.shops_file), "--yes").stdout
    assert 'shop shop1: policy: "order_consent" → "all_customers"' in changed
    before = stopped.shops_file.read_text()
    stopped.shops_file.write_text(before.replace('location = "sklep_example"', 'location = "sklep_moved"'))
    refused = stopped.command("apply", str(stopped.shops_file), "--yes")
    assert (refused.returncode, "for ever (R16)" in refused.stderr) == (1, True)
    stopped.shops_file.write_text(before)
    stopped.environment["TEST_SECRET"] = "another-secret"
    rotated = stopped.command("apply", str(stopped.shops_file), "--yes").stdout
    assert "account main: api_secret: changed" in rotated
    assert "another-secret" not in rotated


def test_what_cannot_work_is_said_in_one_sentence(stopped: World, tmp_path: Path) -> None:
    for name, value, words in (
        ("GATEWAY_PORT", "abc", "GATEWAY_PORT"),
        ("GATEWAY_LOG_LEVEL", "loud", "GATEWAY_LOG_LEVEL"),
        ("GATEWAY_DATABASE_URL", "sqlite:///x.db", "GATEWAY_DATABASE_URL"),
        ("GATEWAY_DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path}/no/such/folder/x.db", "GATEWAY_DATABASE_URL"),
        ("GATEWAY_DATABASE_URL", "postgresql+asyncpg://u:planted-canary@127.0.0.1:9/x", "GATEWAY_DATABASE_URL"),
    ):
        right = stopped.environment.get(name)
        stopped.environment[name] = value
        refused = stopped.command("serve")
        assert refused.returncode == 1, value
        assert words in refused.stderr
        assert "Traceback" not in refused.stderr
        assert "planted-canary" not in refused.stderr
        if right is not None:
            stopped.environment[name] = right
        else:
            del stopped.environment[name]
