"""Where settings come from, what is shown of them, and what is said without a chain."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from eth_account import Account

from keeper.cli.options import load_settings
from keeper.plans.keys import CHAINS
from tests.unit.cli.shell import Shell

KEY = "0x" + "11" * 32
NO_ENDPOINT = "no endpoint: set CONDUCTOR_RPC_<CHAINID> or ETH_RPC_URL, or give --rpc"
BAD_BATCH = (
    "environment CONDUCTOR_BATCH: batch should be a valid integer, unable to parse string as an integer: "
    "mend batch in environment CONDUCTOR_BATCH"
)


def origins(shell: Shell, *flags: str, **env: str) -> dict[str, tuple[str, str]]:
    found = shell.json("config", "show", *flags, env=env)
    return {one["name"]: (one["value"], one["origin"]) for one in found["settings"]}


def test_flags_go_over_environment_over_folder_over_user(shell: Shell, tmp_path: Path) -> None:
    user = tmp_path / ".config/conductor/config.toml"
    user.parent.mkdir(parents=True)
    user.write_text('database = "user.db"\nbatch = 3\nchain = 1\npoll_s = 7\n')
    assert origins(shell)["database"] == ("user.db", str(user))
    (tmp_path / "conductor.toml").write_text('database = "folder.db"\nbatch = 4\nchain = 2\n')
    assert origins(shell)["database"] == ("folder.db", str(tmp_path / "conductor.toml"))
    found = origins(shell, "--chain", "optimism", CONDUCTOR_DATABASE="env.db", CONDUCTOR_CHAIN="3")
    assert found["database"] == ("env.db", "environment CONDUCTOR_DATABASE")
    assert found["chain"] == ("10", "flag")
    assert found["batch"] == ("4", str(tmp_path / "conductor.toml"))
    assert found["poll_s"] == ("7.0", str(user))
    assert found["tip_gwei"] == ("", "default")
    assert origins(shell, "--database", "flag.db", CONDUCTOR_DATABASE="env.db")["database"] == ("flag.db", "flag")


def test_no_secret_is_shown(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("hunter2\n")
    env = {
        "CONDUCTOR_PRIVATE_KEY": KEY,
        "CONDUCTOR_PASSWORD_FILE": str(tmp_path / "password"),
        "CONDUCTOR_RPC_1": "https://node.example/v1/access-key,https://other.example/secret",
        "ETH_RPC_URL": "https://user:secret@third.example/",
        "CONDUCTOR_DATABASE": "postgresql://me:secret@db.example/keeper",
    }
    for words in (["config", "show"], ["config", "show", "--json"]):
        said = shell.run(*words, env=env)
        assert said.code == 0
        assert [word for word in ("hunter2", "access-key", "secret", "1111") if word in said.out] == []
    found = origins(shell, **env)
    assert found["rpc.1"] == ("node.example, other.example", "environment CONDUCTOR_RPC_1")
    assert found["password"] == ("(hidden)", "environment CONDUCTOR_PASSWORD_FILE")


def test_endpoints_of_a_flag_go_over_the_environments(monkeypatch: pytest.MonkeyPatch, shell: Shell) -> None:
    del shell
    monkeypatch.setenv("CONDUCTOR_RPC_5", "https://env.example")
    found = load_settings({"rpc": ("https://flag.example",), "chain": "5"})
    assert found.settings.urls(5) == ("https://flag.example",)


def test_an_account_of_a_flag_goes_over_the_environments_key(monkeypatch: pytest.MonkeyPatch, shell: Shell) -> None:
    del shell
    monkeypatch.setenv("CONDUCTOR_PRIVATE_KEY", KEY)
    assert load_settings({"account": "me"}).settings.private_key is None
    assert load_settings({}).settings.private_key is not None


@pytest.mark.parametrize(
    ("words", "env", "said"),
    [
        (["deploy"], {}, NO_ENDPOINT),
        (["keeper", "check"], {}, NO_ENDPOINT),
        (["deploy", "--chain", "5"], {},
         "no endpoint for chain 5: set CONDUCTOR_RPC_5 to a list of URLs, or ETH_RPC_URL"),
        (["deploy"], {"CONDUCTOR_RPC_1": "https://a.example", "CONDUCTOR_RPC_10": "https://b.example"},
         "there are endpoints of several chains: choose one with --chain: 1, 10"),
        (["resolve", "a", "--chain", "10"], {"CONDUCTOR_RPC_1": "https://a.example", "CONDUCTOR_RPC_10": "https://b.example"},
         "there are endpoints of several chains: choose one with CONDUCTOR_CHAIN: 1, 10"),
        (["deploy", "--chain", "optimist"], {},
         f"there is no chain 'optimist': write a chain id, or one of {', '.join(CHAINS)}"),
        (["deploy", "--rpc", "ftp://a.example"], {}, "an endpoint has to be an http or https URL: write https://host/.."),
        (["deploy", "--scheduler", "0x12", "--rpc", "http://a.example", "--chain", "1"], {},
         "'0x12' is no address: write 0x and 40 hex digits, all small or with the right checksum"),
        (["config", "show"], {"CONDUCTOR_BATCH": "many"},
         BAD_BATCH),
        (["config", "show"], {"CONDUCTOR_PASSWORD": "a", "CONDUCTOR_PASSWORD_FILE": "b"},
         "both CONDUCTOR_PASSWORD and CONDUCTOR_PASSWORD_FILE are set: keep one of them"),
        (["keeper", "init"], {}, "a new key needs a password: set CONDUCTOR_PASSWORD_FILE"),
        (["keeper", "init"], {"CONDUCTOR_PASSWORD": "a", "CONDUCTOR_PRIVATE_KEY": "0xzz"},
         "the private key is not usable: give 32 bytes in hexadecimal"),
        (["account", "call", "0x00"], {"ETH_RPC_URL": "http://a.example"},
         "'0x00' is no address: write 0x and 40 hex digits, all small or with the right checksum"),
        (["account", "call", "0x" + "00" * 20, "go(uint256)"], {},
         "go(uint256) takes 1 arguments, not 0: lists and tuples are one argument each, in JSON"),
        (["account", "call", "0x" + "00" * 20, "--value", "1 wet"], {},
         "`wet` is not a unit of the chain's coin: did you mean `wei`?"),
        (["plan", "status", "0x1234"], {}, "'0x1234' is no plan's id: an id is 0x and 64 hex digits"),
        (["plan", "watch", "x.yaml", "--webhook", "hook"], {}, "'hook' is no webhook: write https://.."),
        (["plan", "check", "gone.yaml"], {}, "cannot read gone.yaml: No such file or directory: check the path"),
    ],
)  # fmt: skip
def test_bad_input_is_one_clear_line(shell: Shell, words: list[str], env: dict[str, str], said: str) -> None:
    assert shell.refused(2, *words, env=env) == said


def test_an_account_is_found_and_its_password_tried(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(PLAN)
    sign = ("plan", "sign", "p.yaml", "--chain", "1")
    offline = {"CONDUCTOR_ACCOUNT": "bot"}
    assert shell.refused(2, *sign, env=offline) == "there is no account 'bot': known accounts: none"
    folder = tmp_path / ".foundry/keystores"
    folder.mkdir(parents=True)
    quick = Account.encrypt(KEY, "right", kdf="pbkdf2", iterations=1)
    (folder / "bot.json").write_text(json.dumps(quick))
    assert shell.refused(2, *sign, env=offline) == "account bot needs a password: set CONDUCTOR_PASSWORD_FILE"
    wrong = shell.refused(2, *sign, env=offline | {"CONDUCTOR_PASSWORD": "wrong"})
    assert wrong == f"the password does not open {folder / 'bot.json'}: check the password"
    right = shell.refused(2, *sign, env=offline | {"CONDUCTOR_PASSWORD": "right"})
    assert right.startswith("the plan's owner is 0x00000000000000000000000000000000000000AA, the key is 0x19E7E376E7C2")
    assert shell.refused(2, "plan", "sign", "p.yaml", "--chain", "1") == (
        "there is no key to sign with: give --account, or set CONDUCTOR_ACCOUNT or CONDUCTOR_PRIVATE_KEY_FILE"
    )


def test_files_and_databases_that_cannot_be_had(shell: Shell, tmp_path: Path) -> None:
    assert shell.refused(2, "new", "gone/plan.yaml") == (
        "gone/plan.yaml: No such file or directory: check the path and its permissions"
    )
    env = {"CONDUCTOR_PASSWORD": "pass", "CONDUCTOR_PRIVATE_KEY": KEY, "CONDUCTOR_DATABASE": "mysql://x"}
    assert shell.refused(2, "keeper", "init", "a", env=env).startswith("mysql databases are not supported: ")
    assert not (tmp_path / ".conductor").exists()


def test_a_new_key_is_written_once(shell: Shell, tmp_path: Path) -> None:
    env = {"CONDUCTOR_PASSWORD": "pass", "CONDUCTOR_PRIVATE_KEY": KEY}
    made = shell.json("keeper", "init", "bot", "--database", str(tmp_path / "k.db"), env=env)
    assert made["address"] == "0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A"
    assert Path(made["keystore"]).stat().st_mode & 0o777 == 0o600
    assert KEY[2:] not in Path(made["keystore"]).read_text()
    assert (tmp_path / "k.db").exists()
    said = shell.refused(2, "keeper", "init", "bot", "--database", str(tmp_path / "k.db"), env=env)
    assert said == f"{made['keystore']} exists: choose another name"


PLAN = """conductor: 1
name: sample
owner: "0x00000000000000000000000000000000000000aa"
at: 2027-02-01 15:00 UTC
within: 7d
pay: {deposit: 0.2 ether, premium: 0.001..0.01 ether over 10m, max_gas_price: 40 gwei}
contracts:
  pool: {at: "0x00000000000000000000000000000000000000b1", abi: ["function open(uint256 amount)", "function close()"]}
steps:
  - {id: a, call: "pool.open(1)", gas: 50_000}
"""


@pytest.mark.parametrize("shell_name", ["bash", "zsh", "fish"])
def test_completion_speaks_each_shell(shell: Shell, shell_name: str) -> None:
    assert "_CONDUCTOR_COMPLETE" in shell.json("completion", shell_name)["script"]


def test_completion_completes(shell: Shell) -> None:
    said = shell.run(
        env={"_CONDUCTOR_COMPLETE": "bash_complete", "COMP_WORDS": "conductor plan ver", "COMP_CWORD": "2"}
    )
    assert said.out.split() == ["plain,verify"]
