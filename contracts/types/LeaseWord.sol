// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice An instance's lease: all that a heartbeat reads and writes, in one word (high bits first):
///
///     | operator 160 | until 40 | granted 16 | weight 16 | served 1 | ttl 23 |
///
/// Live while the time is before `until`; `served` says that its operator told where it serves; `ttl` is how long a heartbeat lasts, in seconds.
type LeaseWord is uint256;

using {operator, until, granted, weight, served, ttl, renewed, withWeight, withServed} for LeaseWord global;

uint256 constant OPERATOR = 96;
uint256 constant UNTIL = 56;
uint256 constant GRANTED = 40;
uint256 constant WEIGHT = 24;
uint256 constant SERVED = 23;
uint256 constant MAX_UNTIL = type(uint40).max;
uint256 constant MAX_TTL = (1 << 23) - 1;

/// @dev Over until the next heartbeat. `ttl_` has been found to be at most 30 days, which is less than 2^23 seconds.
function newLease(address operator_, uint16 granted_, uint256 ttl_, bool served_) pure returns (LeaseWord) {
    uint256 terms = uint256(granted_) << GRANTED | uint256(granted_) << WEIGHT | ttl_ & MAX_TTL;
    return LeaseWord.wrap(uint256(uint160(operator_)) << OPERATOR | terms | (served_ ? 1 << SERVED : 0));
}

function operator(LeaseWord w) pure returns (address) {
    return address(uint160(LeaseWord.unwrap(w) >> OPERATOR));
}

function until(LeaseWord w) pure returns (uint40) {
    return uint40(LeaseWord.unwrap(w) >> UNTIL);
}

function granted(LeaseWord w) pure returns (uint16) {
    return uint16(LeaseWord.unwrap(w) >> GRANTED);
}

function weight(LeaseWord w) pure returns (uint16) {
    return uint16(LeaseWord.unwrap(w) >> WEIGHT);
}

function served(LeaseWord w) pure returns (bool) {
    return LeaseWord.unwrap(w) >> SERVED & 1 != 0;
}

function ttl(LeaseWord w) pure returns (uint32) {
    return uint32(LeaseWord.unwrap(w) & MAX_TTL);
}

/// @dev It lives for its `ttl` from `time` on; 40 bits hold the sum for 30,000 years.
function renewed(LeaseWord w, uint256 time) pure returns (LeaseWord) {
    unchecked {
        uint256 until_ = time + (LeaseWord.unwrap(w) & MAX_TTL);
        return LeaseWord.wrap(LeaseWord.unwrap(w) & ~(MAX_UNTIL << UNTIL) | (until_ & MAX_UNTIL) << UNTIL);
    }
}

function withWeight(LeaseWord w, uint16 weight_) pure returns (LeaseWord) {
    return LeaseWord.wrap(LeaseWord.unwrap(w) & ~(uint256(type(uint16).max) << WEIGHT) | uint256(weight_) << WEIGHT);
}

function withServed(LeaseWord w) pure returns (LeaseWord) {
    return LeaseWord.wrap(LeaseWord.unwrap(w) | 1 << SERVED);
}
