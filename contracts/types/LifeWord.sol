// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice What decides whether a name is live, in one word (high bits first):
///
///     | owner 160 | expires 32 | generation 32 | parentGeneration 32 |
///
/// `expires` in unix seconds, 0 for never; `generation` grows whenever the name is claimed, created or removed; `parentGeneration` is that of its
/// parent when it was created. The root's word is zero: its generation is 0, and it has no owner.
type LifeWord is uint256;

using {owner, expires, generation, isLiveUnder, withOwner, withExpires, removed} for LifeWord global;

uint256 constant OWNER = 96;
uint256 constant EXPIRES = 64;
uint256 constant GENERATION = 32;
uint256 constant MAX32 = type(uint32).max;

/// @dev The next life of a name whose word was `old`. It ends with a panic after 2^32 lives.
function reborn(LifeWord old, address owner_, uint256 expires_, uint256 parentGeneration) pure returns (LifeWord) {
    uint256 next = uint32(generation(old)) + uint32(1);
    return LifeWord.wrap(uint256(uint160(owner_)) << OWNER | (expires_ & MAX32) << EXPIRES | next << GENERATION | parentGeneration & MAX32);
}

function owner(LifeWord w) pure returns (address) {
    return address(uint160(LifeWord.unwrap(w) >> OWNER));
}

function expires(LifeWord w) pure returns (uint256) {
    return LifeWord.unwrap(w) >> EXPIRES & MAX32;
}

function generation(LifeWord w) pure returns (uint256) {
    return LifeWord.unwrap(w) >> GENERATION & MAX32;
}

/// @dev Whether it is live now if its parent is, in that generation.
function isLiveUnder(LifeWord w, uint256 parentGeneration) view returns (bool) {
    uint256 until = expires(w);
    return owner(w) != address(0) && (until == 0 || block.timestamp < until) && LifeWord.unwrap(w) & MAX32 == parentGeneration;
}

function withOwner(LifeWord w, address owner_) pure returns (LifeWord) {
    return LifeWord.wrap(LifeWord.unwrap(w) & (1 << OWNER) - 1 | uint256(uint160(owner_)) << OWNER);
}

function withExpires(LifeWord w, uint256 expires_) pure returns (LifeWord) {
    return LifeWord.wrap(LifeWord.unwrap(w) & ~(MAX32 << EXPIRES) | (expires_ & MAX32) << EXPIRES);
}

/// @dev Nobody's, and nothing below it lives on.
function removed(LifeWord w) pure returns (LifeWord) {
    return reborn(w, address(0), 0, 0);
}
