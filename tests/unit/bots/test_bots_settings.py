"""Settings: which place wins, where each came from, and that no secret is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from keeper.bots import alive
from keeper.bots.keeper import policy_of
from keeper.chain.settings import Settings, load
from keeper.wire.errors import BadInput


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_flags_over_environment_over_folder_over_user(tmp_path: Path) -> None:
    home, folder = tmp_path / "home", tmp_path / "work"
    user = written(home / ".config/conductor/config.toml", 'worker = "u"\nbatch = 5\npoll_s = 9\naccount = "u"\n')
    here = written(folder / "conductor.toml", 'worker = "f"\nbatch = 6\npoll_s = 8\n[rpc]\n10 = ["http://ten"]\n')
    environment = {"CONDUCTOR_WORKER": "e", "CONDUCTOR_BATCH": "7", "CONDUCTOR_RPC_1": "http://a, http://b"}
    loaded = load({"worker": "flag", "tip_gwei": None}, environment=environment, folder=folder, home=home)
    assert (loaded.settings.worker, loaded.origins["worker"]) == ("flag", "flag")
    assert (loaded.settings.batch, loaded.origins["batch"]) == (7, "environment CONDUCTOR_BATCH")
    assert (loaded.settings.poll_s, loaded.origins["poll_s"]) == (8.0, str(here))
    assert (loaded.settings.account, loaded.origins["account"]) == ("u", str(user))
    assert loaded.origins["tip_gwei"] == "default"
    assert loaded.settings.rpc == {1: ("http://a", "http://b"), 10: ("http://ten",)}
    assert loaded.origins["rpc.1"] == "environment CONDUCTOR_RPC_1"
    assert loaded.origins["rpc.10"] == str(here)


def test_a_keeper_forgets_what_is_final_for_the_days_it_was_told(tmp_path: Path) -> None:
    assert policy_of(Settings()).outbox.keep_s == 30 * 86_400
    loaded = load(environment={"CONDUCTOR_KEEP_DAYS": "2.5"}, folder=tmp_path, home=tmp_path)
    assert policy_of(loaded.settings).outbox.keep_s == 2.5 * 86_400
    with pytest.raises(BadInput, match="CONDUCTOR_KEEP_DAYS: keep_days should be greater than or equal to 1"):
        load(environment={"CONDUCTOR_KEEP_DAYS": "0.5"}, folder=tmp_path, home=tmp_path)


def test_a_chain_without_endpoints_of_its_own_uses_the_common_ones() -> None:
    loaded = load(environment={"ETH_RPC_URL": "http://any", "CONDUCTOR_RPC_1": "http://one"}, folder=Path("/nowhere"))
    assert loaded.settings.urls(1) == ("http://one",)
    assert loaded.settings.urls(5) == ("http://any",)
    with pytest.raises(BadInput, match="no endpoint for chain 5: set CONDUCTOR_RPC_5"):
        Settings().urls(5)


def test_secrets_come_from_files_and_are_never_shown(tmp_path: Path) -> None:
    file = written(tmp_path / "password", "open sesame\n")
    environment = {
        "CONDUCTOR_PASSWORD_FILE": str(file),
        "CONDUCTOR_PRIVATE_KEY": "0xdead",
        "CONDUCTOR_RPC_1": "https://node.example/v3/hushhush",
        "CONDUCTOR_DATABASE": "postgresql://me:hushhush@host/db",
    }
    loaded = load(environment=environment, folder=tmp_path, home=tmp_path)
    assert loaded.settings.password is not None
    assert loaded.settings.password.get_secret_value() == "open sesame"
    assert loaded.origins.get("password", "") == "environment CONDUCTOR_PASSWORD_FILE"
    shown = loaded.shown()
    assert shown["rpc.1"] == ("node.example", "environment CONDUCTOR_RPC_1")
    said = repr(shown) + repr(loaded)
    assert "sesame" not in said
    assert "0xdead" not in said
    assert "hushhush" not in repr(shown)
    with pytest.raises(BadInput, match="both CONDUCTOR_PASSWORD and CONDUCTOR_PASSWORD_FILE"):
        load(environment=environment | {"CONDUCTOR_PASSWORD": "x"}, folder=tmp_path, home=tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("batch = 0", "batch should be greater than or equal to 1"),
        ("bacth = 3", "there is no setting 'bacth'"),
        ('password = "x"', "password does not belong into a config file"),
        ("batch =", "cannot be read"),
        ('[rpc]\nmainnet = ["http://x"]', "rpc.mainnet should be a valid integer"),
    ],
)
def test_bad_settings_name_the_file_and_the_remedy(tmp_path: Path, text: str, said: str) -> None:
    written(tmp_path / "conductor.toml", text)
    with pytest.raises(BadInput) as caught:
        load(environment={}, folder=tmp_path, home=tmp_path)
    assert said in caught.value.message
    assert str(tmp_path / "conductor.toml") in caught.value.message
    assert caught.value.remedy


def test_what_a_heartbeat_does_is_told_in_the_folders_file(tmp_path: Path) -> None:
    text = 'heartbeat_batch = 7\nmax_fee_gwei = 2\n[health]\n"*" = "{endpoint}/health"\n"a.price.acme" = "true"\n'
    written(tmp_path / "conductor.toml", text)
    loaded = load(environment={}, folder=tmp_path, home=tmp_path / "home")
    assert loaded.settings.health == {"*": "{endpoint}/health", "a.price.acme": "true"}
    policy = alive.policy_of(loaded.settings)
    assert (policy.beats.batch, policy.max_fee_wei) == (7, 2 * 10**9)
    assert policy.outbox.keep_s == 30 * 86_400
