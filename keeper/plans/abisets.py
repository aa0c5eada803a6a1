# ruff: noqa: E501  signatures stay on their line
"""Interfaces that a plan file can name instead of listing signatures. Only ever added to: plan ids depend on them."""

from __future__ import annotations

from functools import cache

from keeper.plans.abi import Function, Interface, parse_json, parse_signature
from keeper.wire.abi import interface

_ERC20 = """
function name() view returns (string)
function symbol() view returns (string)
function decimals() view returns (uint8)
function totalSupply() view returns (uint256)
function balanceOf(address owner) view returns (uint256)
function allowance(address owner, address spender) view returns (uint256)
function transfer(address to, uint256 amount) returns (bool)
function transferFrom(address from, address to, uint256 amount) returns (bool)
function approve(address spender, uint256 amount) returns (bool)
"""

_SETS = {
    "erc20": _ERC20,
    "erc721": """
function balanceOf(address owner) view returns (uint256)
function ownerOf(uint256 tokenId) view returns (address)
function getApproved(uint256 tokenId) view returns (address)
function isApprovedForAll(address owner, address operator) view returns (bool)
function approve(address to, uint256 tokenId)
function setApprovalForAll(address operator, bool approved)
function transferFrom(address from, address to, uint256 tokenId)
function safeTransferFrom(address from, address to, uint256 tokenId)
function safeTransferFrom(address from, address to, uint256 tokenId, bytes data)
""",
    "erc4626": _ERC20
    + """
function asset() view returns (address)
function totalAssets() view returns (uint256)
function convertToShares(uint256 assets) view returns (uint256)
function convertToAssets(uint256 shares) view returns (uint256)
function maxDeposit(address receiver) view returns (uint256)
function maxWithdraw(address owner) view returns (uint256)
function maxRedeem(address owner) view returns (uint256)
function previewDeposit(uint256 assets) view returns (uint256)
function previewRedeem(uint256 shares) view returns (uint256)
function deposit(uint256 assets, address receiver) returns (uint256)
function mint(uint256 shares, address receiver) returns (uint256)
function withdraw(uint256 assets, address receiver, address owner) returns (uint256)
function redeem(uint256 shares, address receiver, address owner) returns (uint256)
""",
    "ownable": """
function owner() view returns (address)
function pendingOwner() view returns (address)
function transferOwnership(address newOwner)
function acceptOwnership()
function renounceOwnership()
""",
    "access_control": """
function hasRole(bytes32 role, address account) view returns (bool)
function getRoleAdmin(bytes32 role) view returns (bytes32)
function grantRole(bytes32 role, address account)
function revokeRole(bytes32 role, address account)
function renounceRole(bytes32 role, address callerConfirmation)
""",
    "access_manager": """
function hasRole(uint64 roleId, address account) view returns (bool isMember, uint32 executionDelay)
function getRoleAdmin(uint64 roleId) view returns (uint64)
function getTargetFunctionRole(address target, bytes4 selector) view returns (uint64)
function isTargetClosed(address target) view returns (bool)
function canCall(address caller, address target, bytes4 selector) view returns (bool immediate, uint32 delay)
function labelRole(uint64 roleId, string label)
function grantRole(uint64 roleId, address account, uint32 executionDelay)
function revokeRole(uint64 roleId, address account)
function renounceRole(uint64 roleId, address callerConfirmation)
function setRoleAdmin(uint64 roleId, uint64 admin)
function setRoleGuardian(uint64 roleId, uint64 guardian)
function setGrantDelay(uint64 roleId, uint32 newDelay)
function setTargetFunctionRole(address target, bytes4[] selectors, uint64 roleId)
function setTargetAdminDelay(address target, uint32 newDelay)
function setTargetClosed(address target, bool closed)
function updateAuthority(address target, address newAuthority)
function execute(address target, bytes data) payable returns (uint32)
""",
    "access_managed": """
function authority() view returns (address)
function setAuthority(address newAuthority)
function isConsumingScheduledOp() view returns (bytes4)
""",
    "uups": """
function proxiableUUID() view returns (bytes32)
function upgradeToAndCall(address newImplementation, bytes data) payable
""",
    "pausable": """
function paused() view returns (bool)
function pause()
function unpause()
""",
    "timelock": """
function getMinDelay() view returns (uint256)
function schedule(address target, uint256 value, bytes data, bytes32 predecessor, bytes32 salt, uint256 delay)
function scheduleBatch(address[] targets, uint256[] values, bytes[] payloads, bytes32 predecessor, bytes32 salt, uint256 delay)
function execute(address target, uint256 value, bytes payload, bytes32 predecessor, bytes32 salt) payable
function executeBatch(address[] targets, uint256[] values, bytes[] payloads, bytes32 predecessor, bytes32 salt) payable
""",
    "safe": """
function execTransaction(address to, uint256 value, bytes data, uint8 operation, uint256 safeTxGas, uint256 baseGas, uint256 gasPrice, address gasToken, address refundReceiver, bytes signatures) payable returns (bool)
function multiSend(bytes transactions) payable
function getThreshold() view returns (uint256)
function getOwners() view returns (address[])
function addOwnerWithThreshold(address owner, uint256 threshold)
function removeOwner(address prevOwner, address owner, uint256 threshold)
function swapOwner(address prevOwner, address oldOwner, address newOwner)
function changeThreshold(uint256 threshold)
""",
    "governor": """
function propose(address[] targets, uint256[] values, bytes[] calldatas, string description) returns (uint256)
function queue(address[] targets, uint256[] values, bytes[] calldatas, bytes32 descriptionHash) returns (uint256)
function execute(address[] targets, uint256[] values, bytes[] calldatas, bytes32 descriptionHash) payable returns (uint256)
""",
}

#: The protocol's own, as shipped.
_OWN = {"facts": "Facts", "account": "Account", "scheduler": "Scheduler"}
NAMES = (*_SETS, *_OWN)


@cache
def abi_set(name: str) -> Interface:
    """The interface of one of NAMES."""
    if name in _OWN:
        return parse_json(list(interface(_OWN[name]).entries))
    found = [parse_signature(line) for line in _SETS[name].splitlines() if line]
    return tuple(function for function in found if function is not None)


def function_in(name: str, fn: str) -> Function:
    """The first function called `fn` of a set; for code that calls these contracts itself."""
    return next(function for function in abi_set(name) if function.name == fn and not function.is_error)
