// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Records} from "./Records.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";

/// @notice A service's versions, and how many instances of it are wanted.
abstract contract Services is Records {
    // ------------------------------------------------------------------ versions

    /// @inheritdoc IRegistry
    function propose(bytes32 node, uint32 release, uint32 build, address target, bytes32 digest) external {
        // Check
        bytes32 life = _requireOperator(node);
        if (release == 0) revert Registry_BadValue("release", 0);
        if (digest == 0) revert Registry_BadValue("digest", 0);
        uint64 highest = _highest[node];
        uint64 version = uint64(release) << 32 | build;
        if (version <= highest) revert Registry_OldVersion(node, uint32(highest >> 32), uint32(highest));
        _requireCode(target, digest);
        // Effect
        _highest[node] = version;
        _releases[life].proposed = Version(release, build, target, digest);
        emit Proposed(_touch(node), node, release, build, target, digest);
    }

    /// @inheritdoc IRegistry
    function retract(bytes32 node) external {
        Releases storage r = _releases[_requireOperator(node)];
        if (r.proposed.release == 0) revert Registry_NotProposed(node, 0, 0);
        delete r.proposed;
        emit Proposed(_touch(node), node, 0, 0, address(0), 0);
    }

    /// @inheritdoc IRegistry
    function confirm(bytes32 node, uint32 release, uint32 build) external {
        // Check
        bytes32 life = _requireOperator(node);
        Releases storage r = _releases[life];
        Version memory v = r.proposed;
        if (release == 0 || v.release != release || v.build != build) revert Registry_NotProposed(node, v.release, v.build);
        _requireCode(v.target, v.digest);
        // Effect
        r.current = release;
        r.confirmed[release] = v;
        delete r.proposed;
        emit Confirmed(_touch(node), node, release, build);
        if (v.target != address(0)) _setAddr(node, life, _hereCoin(), abi.encodePacked(v.target));
    }

    // ------------------------------------------------------------------ scaling

    /// @inheritdoc IRegistry
    function setScaling(bytes32 node, Scaling calldata scaling) external {
        bytes32 life = _requireOperator(node);
        if (scaling.least > scaling.most) revert Registry_BadValue("least", scaling.least);
        if (scaling.meter != address(0) && scaling.target == 0) revert Registry_BadValue("target", 0);
        _requireBounds(scaling, scaling.wanted);
        _scale(node, life, scaling, scaling.wanted);
    }

    /// @inheritdoc IRegistry
    function scale(bytes32 node, uint32 wanted) external {
        bytes32 life = _requireOperator(node);
        Scaling memory scaling = _scalings[life];
        _requireBounds(scaling, wanted);
        _scale(node, life, scaling, wanted);
    }

    /// @inheritdoc IRegistry
    function measure(bytes32 node, uint256 metric) external returns (uint32 wanted) {
        // Check
        bytes32 life = _lifeOf(node);
        if (life == 0) revert Registry_NoName(node);
        Scaling memory scaling = _scalings[life];
        if (scaling.meter != msg.sender || scaling.target == 0) revert Registry_NotAllowed(node, msg.sender);
        uint256 from = uint256(scaling.changedAt) + scaling.cooldownS;
        if (block.timestamp < from) revert Registry_CoolingDown(node, from);
        // Effect
        wanted = _follow(scaling, metric);
        if (wanted != scaling.wanted) _scale(node, life, scaling, wanted);
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IRegistry
    function versions(bytes32 node) external view returns (Version memory current, Version memory proposed, uint64 highest) {
        Releases storage r = _releases[_lifeOf(node)];
        return (r.confirmed[r.current], r.proposed, _highest[node]);
    }

    /// @inheritdoc IRegistry
    function versionOf(bytes32 node, uint32 release) external view returns (Version memory) {
        return _releases[_lifeOf(node)].confirmed[release];
    }

    /// @inheritdoc IRegistry
    function scalingOf(bytes32 node) external view returns (Scaling memory) {
        return _scalings[_lifeOf(node)];
    }

    // ------------------------------------------------------------------ parts

    /// @dev Code with that hash stands at the target, if there is one; and no account's pointer to code (EIP-7702), which it can turn elsewhere.
    function _requireCode(address target, bytes32 digest) private view {
        if (target == address(0)) return;
        bytes32 found = target.codehash;
        bytes3 start;
        // Three bytes to scratch space.
        assembly ("memory-safe") {
            mstore(0, 0)
            extcodecopy(target, 0, 0, 3)
            start := mload(0)
        }
        if (target.code.length == 0 || start == 0xef0100 || found != digest) revert Registry_OtherCode(target, found, digest);
    }

    function _requireBounds(Scaling memory scaling, uint32 wanted) private pure {
        if (wanted < scaling.least || wanted > scaling.most) revert Registry_BadValue("wanted", wanted);
    }

    function _scale(bytes32 node, bytes32 life, Scaling memory scaling, uint32 wanted) private {
        scaling.wanted = wanted;
        scaling.changedAt = uint40(block.timestamp);
        _scalings[life] = scaling;
        emit Scaled(_touch(node), node, scaling);
    }

    /// @dev ceil(wanted * metric / target) within the bounds. A rule with a meter has a target.
    function _follow(Scaling memory scaling, uint256 metric) private pure returns (uint32) {
        // From here on every quotient is beyond every bound, and no product overflows.
        if (metric > type(uint128).max) metric = type(uint128).max;
        uint256 product = scaling.wanted * metric;
        uint256 wanted = product == 0 ? 0 : (product - 1) / scaling.target + 1;
        if (wanted < scaling.least) wanted = scaling.least;
        if (wanted > scaling.most) wanted = scaling.most;
        return uint32(wanted);
    }
}
