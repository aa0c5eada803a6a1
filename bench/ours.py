"""Plans as a keeper package builds them, and the Scheduler that runs them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from eth_typing import ChecksumAddress
from web3.contract import AsyncContract

from bench.artifacts import Build, data_of, deploy, load
from bench.chain import GWEI, Chain
from keeper.wire.types import Address, Call, ChainEntry, Header, Join, Step

HOUR = 3_600
DEPOSIT_WEI = GWEI * 100_000_000
CHAIN_ID = 31_337
