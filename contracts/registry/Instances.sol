// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Services} from "./Services.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {Labels} from "../libraries/Labels.sol";
import {LeaseWord, newLease} from "../types/LeaseWord.sol";
import {LifeWord} from "../types/LifeWord.sol";

/// @notice Who serves a service, under leases.
/// @dev A lease knows nothing of its service, so a heartbeat touches one word; whoever reads it asks whether the service is still what it was.
abstract contract Instances is Services {
    uint256 private constant MIN_TTL = 1 minutes;
    uint256 private constant MAX_TTL = 30 days;
    uint256 private constant MOST_ENDPOINT = 256;
    /// @notice Among so many instances one is picked.
    uint256 private constant PICKED_FROM = 64;
    // ------------------------------------------------------------------ the service's

    /// @inheritdoc IRegistry
    function admit(bytes32 node, string calldata label, address operator, uint16 weight, uint32 ttlS) external returns (uint64 id) {
        // Check
        LifeWord word = _requireLive(node);
        if (!_actsFor(node, word, msg.sender)) revert Registry_NotAllowed(node, msg.sender);
        bytes32 labelHash = Labels.hash(label);
        if (labelHash == CANARY || Labels.release(bytes(label)) != 0) revert Registry_Reserved(label);
        if (operator == address(0)) revert Registry_BadValue("operator", 0);
        if (ttlS < MIN_TTL || ttlS > MAX_TTL) revert Registry_BadValue("ttlS", ttlS);
        // Effect
        bytes32 life = _key(node, word.generation());
        id = _idOf[life][labelHash];
        bool served = false;
        if (id == 0) {
            id = ++_lastId;
            _idOf[life][labelHash] = id;
            uint64[] storage list = _lists[life];
            Place storage p = _places[id];
            (p.node, p.labelHash, p.label) = (node, labelHash, label);
            (p.generation, p.index) = (uint32(word.generation()), uint32(list.length));
            list.push(id);
        } else {
            LeaseWord old = _leases[id].word;
            served = old.operator() == operator && old.served();
            if (!served) _place(id, address(0), 0, "");
        }
        _leases[id].word = newLease(operator, weight, ttlS, served);
        emit Admitted(_touch(node), node, id, label, operator, weight, ttlS);
    }

    /// @inheritdoc IRegistry
    function evict(uint64 id) external {
        // Check
        (LeaseWord lease, bytes32 life) = _requireInstance(id);
        Place storage p = _places[id];
        bytes32 node = p.node;
        if (lease.operator() != msg.sender && !_actsFor(node, _nodes[node].life, msg.sender)) {
            revert Registry_NotAllowed(node, msg.sender);
        }
        // Effect: the last takes its place in the list
        uint64[] storage list = _lists[life];
        uint64 last = list[list.length - 1];
        uint32 index = p.index;
        if (last != id) (list[index], _places[last].index) = (last, index);
        list.pop();
        delete _idOf[life][p.labelHash];
        _leases[id].word = LeaseWord.wrap(0);
        delete _places[id];
        // No change of the node: who serves it cannot keep a buyer from accepting it.
        emit Evicted(_next(), id);
    }

    // ------------------------------------------------------------------ their operators'

    /// @inheritdoc IRegistry
    function serve(uint64 id, address target, bytes12 zone, string calldata endpoint) external {
        LeaseWord lease = _requireOwn(id);
        uint256 length = bytes(endpoint).length;
        _requireLength("endpoint", length, MOST_ENDPOINT);
        // Bytes that are no text would keep clients from reading whatever else is listed beside them.
        for (uint256 i; i < length; ++i) {
            uint256 c = uint8(bytes(endpoint)[i]);
            if (c < 0x21 || c > 0x7e) revert Registry_BadValue("endpoint", c);
        }
        _leases[id].word = lease.withServed();
        _place(id, target, zone, endpoint);
        emit Serving(_next(), id, target, zone, endpoint);
    }

    /// @inheritdoc IRegistry
    function heartbeat(uint64[] calldata ids, uint256 notAfter) external returns (uint256 renewed) {
        if (block.timestamp > notAfter) revert Registry_TooLate(notAfter, block.timestamp);
        uint64[] memory done = new uint64[](ids.length);
        // Not more rounds than there is calldata.
        unchecked {
            for (uint256 i; i < ids.length; ++i) {
                uint64 id = ids[i];
                Lease storage l = _leases[id];
                LeaseWord lease = l.word;
                if (lease.operator() != msg.sender || !lease.served()) continue;
                l.word = lease.renewed(block.timestamp);
                done[renewed++] = id;
            }
        }
        if (renewed == 0) revert Registry_NothingRenewed();
        // Never longer than it was made.
        assembly ("memory-safe") {
            mstore(done, renewed)
        }
        emit Renewed(_next(), done);
    }

    /// @inheritdoc IRegistry
    function setWeight(uint64 id, uint16 weight) external {
        LeaseWord lease = _requireOwn(id);
        if (weight > lease.granted()) revert Registry_BadValue("weight", weight);
        _leases[id].word = lease.withWeight(weight);
        emit Weighed(_next(), id, weight);
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IRegistry
    function instance(uint64 id) external view returns (Instance memory) {
        return _instance(id, _serviceOf(id) != 0);
    }

    /// @inheritdoc IRegistry
    function instances(bytes32 node, uint256 from, uint256 limit, bool liveOnly)
        external
        view
        returns (Instance[] memory found, uint256 total)
    {
        uint64[] storage list = _lists[_lifeOf(node)];
        total = list.length;
        uint256 count = _pageSize(total, from, limit);
        found = new Instance[](count);
        uint256 kept;
        for (uint256 i; i < count; ++i) {
            uint64 id = list[from + i];
            if (!liveOnly || _isLive(_leases[id].word)) found[kept++] = _instance(id, true);
        }
        // Never longer than it was made.
        assembly ("memory-safe") {
            mstore(found, kept)
        }
    }

    /// @inheritdoc IRegistry
    function pick(bytes32 node, uint256 seed) external view returns (Instance memory) {
        uint64[] storage list = _lists[_lifeOf(node)];
        uint256 count = _pageSize(list.length, 0, PICKED_FROM);
        // Sums of weights up to each, so that every instance is read once.
        uint256[] memory sums = new uint256[](count);
        uint256 sum = 0;
        for (uint256 i; i < count; ++i) {
            LeaseWord lease = _leases[list[i]].word;
            if (_isLive(lease)) sum += lease.weight();
            sums[i] = sum;
        }
        if (sum == 0) revert Registry_NoInstance(0);
        uint256 drawn = seed % sum;
        uint256 at;
        while (sums[at] <= drawn) ++at;
        return _instance(list[at], true);
    }

    // ------------------------------------------------------------------ parts

    /// @dev The life of the instance's service, which is still what it was when it admitted it; else 0.
    function _serviceOf(uint64 id) private view returns (bytes32) {
        Place storage p = _places[id];
        (LifeWord word, uint256 depth) = _walk(p.node);
        return depth != 0 && word.generation() == p.generation ? _key(p.node, word.generation()) : bytes32(0);
    }

    function _requireInstance(uint64 id) private view returns (LeaseWord lease, bytes32 life) {
        (lease, life) = (_leases[id].word, _serviceOf(id));
        if (life == 0) revert Registry_NoInstance(id);
    }

    function _requireOwn(uint64 id) private view returns (LeaseWord lease) {
        (lease,) = _requireInstance(id);
        if (lease.operator() != msg.sender) revert Registry_NotAllowed(_places[id].node, msg.sender);
    }

    function _place(uint64 id, address target, bytes12 zone, string memory endpoint) private {
        Place storage p = _places[id];
        (p.target, p.zone, p.endpoint) = (target, zone, endpoint);
    }

    function _instance(uint64 id, bool served) private view returns (Instance memory) {
        Place storage p = _places[id];
        LeaseWord lease = _leases[id].word;
        return Instance({
            id: p.node == 0 ? 0 : id,
            node: p.node,
            label: p.label,
            operator: lease.operator(),
            granted: lease.granted(),
            weight: lease.weight(),
            ttlS: lease.ttl(),
            until: served ? lease.until() : 0,
            target: p.target,
            zone: p.zone,
            endpoint: p.endpoint
        });
    }
}
