// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Registry} from "../../contracts/Registry.sol";
import {IRegistry} from "../../contracts/interfaces/IRegistry.sol";
import {IRegistryAnswers} from "../../contracts/interfaces/IRegistryAnswers.sol";

interface TownVm {
    struct Log {
        bytes32[] topics;
        bytes data;
        address emitter;
    }

    function warp(uint256 time) external;
    function deal(address who, uint256 amount) external;
    function prank(address sender) external;
    function recordLogs() external;
    function getRecordedLogs() external returns (Log[] memory);
}

/// @notice Owners, operators and strangers at random on a few names that they all want, with a model that is as simple as can be: no generations,
/// no keys, no lists that ever get shorter; what ends is marked dead, and all below it, one by one.
/// @dev The fuzzer likes small seeds, so what is rare needs a bit. After every action the names and leases that it was about are
/// compared with the contract; after every eighth and after the last, all are.
contract Town {
    TownVm private constant VM = TownVm(address(uint160(uint256(keccak256("hevm cheat code")))));
    uint256 private constant DEPOSIT = 0.1 ether;
    uint256 private constant TERM = 365 days;
    uint256 private constant GRACE = 90 days;
    uint256 private constant NONE = type(uint256).max;
    uint256 private constant ALL_EVERY = 8;
    uint256 private constant BATCH = 24;

    struct Name {
        string dotted;
        bytes32 node;
        uint256 parent;
        address owner;
        uint256 expires;
        bool dead;
        bool unsettled;
        bool locked;
        address offeredTo;
        address hand;
        address here;
    }

    struct Lease {
        uint64 id;
        uint256 name;
        string label;
        address operator;
        uint256 until;
        uint256 ttl;
        bool served;
        bool gone;
    }

    Registry public immutable REGISTRY;
    IRegistryAnswers private immutable ANSWERS;
    string public broken;
    mapping(string action => uint256) public calls;
    mapping(string action => uint256) public successes;
    string[] public actions;

    /// @dev Lives, not nodes: a name that is claimed or created again is another of these.
    Name[] private _names;
    Lease[] private _leases;
    uint256 private _now = 1_700_000_000;
    /// @dev Every node there ever was, and which of `_names` is its last life, plus one.
    bytes32[] private _nodes;
    mapping(bytes32 node => uint256) private _lastLife;
    /// @dev What was ever below a node, or the root.
    mapping(bytes32 node => bytes32[]) private _below;
    mapping(bytes32 node => uint256[]) private _leasesOf;
    /// @dev What the last action was about, names and leases, and how many actions there were.
    uint256[] private _touchedNames;
    uint256[] private _touchedLeases;
    uint256 private _turn;
    uint64 private _revision;
    uint256 private _secret;
    mapping(bytes32 node => uint256) private _highest;
    mapping(bytes32 topic => bool) private _ours;

    constructor(Registry registry) {
        REGISTRY = registry;
        ANSWERS = IRegistryAnswers(address(registry));
        VM.warp(_now);
        bytes32[19] memory topics = [
            IRegistry.Committed.selector,
            IRegistry.NameSet.selector,
            IRegistry.NameRenewed.selector,
            IRegistry.NameRemoved.selector,
            IRegistry.Offered.selector,
            IRegistry.Accepted.selector,
            IRegistry.Approved.selector,
            IRegistry.Locked.selector,
            IRegistry.RecordSet.selector,
            IRegistry.ReverseSet.selector,
            IRegistry.Proposed.selector,
            IRegistry.Confirmed.selector,
            IRegistry.Admitted.selector,
            IRegistry.Serving.selector,
            IRegistry.Weighed.selector,
            IRegistry.Renewed.selector,
            IRegistry.Evicted.selector,
            IRegistry.Scaled.selector,
            IRegistry.Withdrawn.selector
        ];
        for (uint256 i; i < topics.length; ++i) _ours[topics[i]] = true;
    }

    function actionCount() external view returns (uint256) {
        return actions.length;
    }

    /// @dev An action of the fuzzer's own; one that it needs besides is a part of it.
    modifier turn() {
        if (msg.sender != address(this)) {
            delete _touchedNames;
            delete _touchedLeases;
            ++_turn;
        }
        _;
    }

    // ------------------------------------------------------------------ names

    function claim(uint256 seed) external turn {
        string memory label = _label(seed % 3);
        uint256 last = _last(label);
        // Mostly when it is free.
        if (last != NONE && _names[last].unsettled && seed & 7 != 0) _warp(_names[last].expires + GRACE);
        address owner = _person(seed >> 8);
        bytes32 secret = bytes32(++_secret);
        _do(owner, abi.encodeCall(REGISTRY.commit, (REGISTRY.commitmentOf(label, owner, secret))), 0);
        _warp(_now + 60 + (seed >> 16) % 100);
        bool free = last == NONE || !_names[last].unsettled || _now >= _names[last].expires + GRACE;
        VM.deal(owner, owner.balance + DEPOSIT);
        bool ok = _do(owner, abi.encodeCall(REGISTRY.claim, (label, owner, secret)), DEPOSIT);
        _same("claim", ok, free);
        if (!ok) return;
        if (last != NONE) _settle(last);
        _add(label, NONE, owner, _now + TERM);
    }

    function create(uint256 seed) external turn {
        uint256 p = _someLive(seed);
        if (_depth(p) > 2) p = _names[p].parent;
        string memory label = _label(3 + (seed >> 8) % 3);
        // Mostly one that is free.
        for (uint256 k; k < 3 && seed >> 32 & 7 != 7 && !_free(label, p); ++k) label = _label(3 + k);
        if (!_free(label, p) && seed >> 32 & 7 != 7) return;
        string memory dotted = string.concat(label, ".", _names[p].dotted);
        uint256 last = _last(dotted);
        address by = _actor(p, seed >> 16);
        bool allowed = _acts(p, by) && (last == NONE || !_live(last));
        bool ok = _do(by, abi.encodeCall(REGISTRY.create, (_names[p].node, label, _person(seed >> 24))), 0);
        _same("create", ok, allowed);
        if (ok) _add(dotted, p, _person(seed >> 24), 0);
    }

    function remove(uint256 seed) external turn {
        uint256 i = _some(seed);
        Name storage n = _names[i];
        address by = seed >> 16 & 3 == 1 && n.parent != NONE ? _actor(n.parent, seed >> 24) : n.owner;
        bool own = by == n.owner && !n.dead && (_live(i) || (n.parent == NONE && n.unsettled));
        bool above = _live(i) && n.parent != NONE && _acts(n.parent, by) && !n.locked;
        bool ok = _do(by, abi.encodeCall(REGISTRY.remove, (n.node)), 0);
        // Of another life of the name, another may be the owner.
        if (_lastLife[n.node] == i + 1) _same("remove", ok, own || above);
        if (!ok) return;
        uint256 was = _lastLife[n.node] - 1;
        if (_names[was].parent == NONE) _settle(was);
        else _kill(was);
    }

    function renew(uint256 seed) external turn {
        uint256 i = _someTop(seed);
        Name storage n = _names[i];
        if (seed >> 8 & 3 == 0 && n.expires > _now) _warp(n.expires + (seed >> 16) % GRACE);
        bool allowed = n.unsettled && _now < n.expires + GRACE;
        bool ok = _do(n.owner, abi.encodeCall(REGISTRY.renew, (n.node)), 0);
        _same("renew", ok, allowed);
        if (ok) n.expires = _now + TERM;
    }

    function lock(uint256 seed) external turn {
        uint256 i = _someLive(seed);
        if (_names[i].parent == NONE) i = _child(i, seed);
        address by = _names[_names[i].parent].owner;
        bool ok = _do(by, abi.encodeCall(REGISTRY.lock, (_names[i].node)), 0);
        _same("lock", ok, true);
        if (ok) _names[i].locked = true;
    }

    /// @dev Offered and accepted, now and then with something in between.
    function transfer(uint256 seed) external turn {
        uint256 i = _someLive(seed);
        Name storage n = _names[i];
        address to = _person(seed >> 8);
        _same("offer", _do(n.owner, abi.encodeCall(REGISTRY.offer, (n.node, to)), 0), true);
        n.offeredTo = to;
        (,,,,,,, uint64 seen) = REGISTRY.nameOf(n.node);
        bool changed = seed >> 16 & 3 == 1;
        if (changed) _do(n.owner, abi.encodeCall(REGISTRY.setText, (n.node, "k", "v")), 0);
        bool ok = _do(to, abi.encodeCall(REGISTRY.accept, (n.node, seen)), 0);
        _same("accept", ok, !changed);
        if (ok) (n.owner, n.offeredTo, n.hand) = (to, address(0), address(0));
    }

    function approve(uint256 seed) external turn {
        Name storage n = _names[_someLive(seed)];
        address hand = _person(seed >> 8);
        if (n.hand != address(0)) _do(n.owner, abi.encodeCall(REGISTRY.approve, (n.node, n.hand, false)), 0);
        bool ok = _do(n.owner, abi.encodeCall(REGISTRY.approve, (n.node, hand, true)), 0);
        _same("approve", ok, true);
        n.hand = hand;
    }

    function record(uint256 seed) external turn {
        uint256 i = _someLive(seed);
        address by = _actor(i, seed >> 8);
        address here = address(uint160(seed >> 96 | 1));
        bool ok = _do(by, abi.encodeWithSignature("setAddr(bytes32,address)", _names[i].node, here), 0);
        _same("record", ok, _acts(i, by));
        if (ok) _names[i].here = here;
    }

    function withdraw(uint256 seed) external turn {
        address who = _person(seed);
        for (uint256 k; k < 4 && REGISTRY.creditOf(who) == 0; ++k) who = _person(seed % 4 + k);
        uint256 due = REGISTRY.creditOf(who);
        uint256 before = who.balance;
        bool ok = _do(who, abi.encodeCall(REGISTRY.withdraw, (payable(who))), 0);
        if (ok != (due != 0) || who.balance != before + due) broken = "withdrew another sum";
        if (due != 0) _tally("withdraw", ok);
    }

    // ------------------------------------------------------------------ services

    function admit(uint256 seed) external turn {
        uint256 i = _someLive(seed);
        string memory label = _label(6 + (seed >> 8) % 3);
        address operator = _person(seed >> 16);
        uint256 ttl = 60 + (seed >> 24) % 10_000;
        bytes memory input = abi.encodeCall(REGISTRY.admit, (_names[i].node, label, operator, uint16(seed >> 40), uint32(ttl)));
        bool ok = _do(_names[i].owner, input, 0);
        _same("admit", ok, true);
        if (!ok) return;
        uint256[] storage there = _leasesOf[_names[i].node];
        for (uint256 k; k < there.length; ++k) {
            Lease storage l = _leases[there[k]];
            if (l.name == i && !l.gone && _equal(l.label, label)) {
                _touch(_touchedLeases, there[k]);
                (l.served, l.operator, l.until, l.ttl) = (l.served && l.operator == operator, operator, 0, ttl);
                return;
            }
        }
        uint64 id = uint64(_leases.length + 1);
        there.push(_leases.length);
        _touch(_touchedLeases, _leases.length);
        _leases.push(Lease(id, i, label, operator, 0, ttl, false, false));
        if (REGISTRY.instance(id).node != _names[i].node) broken = "another id";
    }

    function serve(uint256 seed) external turn {
        Lease storage l = _leases[_someLease(seed)];
        bool good = !l.gone && _live(l.name);
        bool ok = _do(l.operator, abi.encodeCall(REGISTRY.serve, (l.id, _target(l.id), "zone", "https://")), 0);
        _same("serve", ok, good);
        if (ok) l.served = true;
    }

    /// @dev Of everybody's instances, mostly some of them, an operator's are renewed.
    function heartbeat(uint256 seed) external turn {
        uint256 first = _someLease(seed);
        address by = _leases[first].operator;
        uint64[] memory ids = new uint64[](_leases.length < BATCH || seed >> 16 & 7 == 1 ? _leases.length : BATCH);
        uint256 mine;
        for (uint256 k; k < ids.length; ++k) {
            Lease storage l = _leases[(first + k) % _leases.length];
            ids[k] = l.id;
            if (l.operator == by && l.served && !l.gone) ++mine;
        }
        bool late = seed >> 8 & 7 == 1;
        bool ok = _do(by, abi.encodeCall(REGISTRY.heartbeat, (ids, late ? _now - 1 : _now)), 0);
        _same("heartbeat", ok, mine != 0 && !late);
        if (!ok) return;
        for (uint256 k; k < ids.length; ++k) {
            uint256 index = ids[k] - 1;
            _touch(_touchedLeases, index);
            Lease storage l = _leases[index];
            if (l.operator == by && l.served && !l.gone) l.until = _now + l.ttl;
        }
    }

    function evict(uint256 seed) external turn {
        Lease storage l = _leases[_someLease(seed)];
        address by = seed >> 8 & 1 == 0 ? l.operator : _names[l.name].owner;
        bool good = !l.gone && _live(l.name);
        bool ok = _do(by, abi.encodeCall(REGISTRY.evict, (l.id)), 0);
        _same("evict", ok, good);
        if (ok) l.gone = true;
    }

    function version(uint256 seed) external turn {
        Name storage n = _names[_someLive(seed)];
        uint32 release = uint32(seed >> 8 & 3);
        uint32 build = uint32(seed >> 16 & 7);
        uint256 number = uint256(release) << 32 | build;
        if (seed >> 24 & 7 != 1 && number <= _highest[n.node]) {
            number = _highest[n.node] + 1;
            if (number >> 32 == 0) number = 1 << 32;
            (release, build) = (uint32(number >> 32), uint32(number));
        }
        bool ok = _do(n.owner, abi.encodeCall(REGISTRY.propose, (n.node, release, build, address(0), bytes32(seed | 1))), 0);
        _same("propose", ok, release != 0 && number > _highest[n.node]);
        if (!ok) return;
        _highest[n.node] = number;
        if (seed >> 32 & 1 == 0) return;
        _same("confirm", _do(n.owner, abi.encodeCall(REGISTRY.confirm, (n.node, release, build)), 0), true);
        if (REGISTRY.versionOf(n.node, release).build != build) broken = "another version";
    }

    function scale(uint256 seed) external turn {
        Name storage n = _names[_someLive(seed)];
        uint32 wanted = uint32(seed >> 8) % 20;
        IRegistry.Scaling memory rule = IRegistry.Scaling(wanted, 0, 20, 0, 0, 100, _person(seed >> 16));
        _same("scaling", _do(n.owner, abi.encodeCall(REGISTRY.setScaling, (n.node, rule)), 0), true);
        // What changes nothing says nothing.
        _same("measure", _do(rule.meter, abi.encodeCall(REGISTRY.measure, (n.node, (seed >> 32) % 200)), 0), true);
        uint256 follows = (wanted * ((seed >> 32) % 200) + 99) / 100;
        if (REGISTRY.scalingOf(n.node).wanted != (follows > 20 ? 20 : follows)) broken = "another count";
    }

    /// @dev Nobody else can, by any of these.
    function trespass(uint256 seed) external turn {
        bytes32 node = _names[_someLive(seed)].node;
        uint64 id = _leases[_someLease(seed >> 64)].id;
        bytes[11] memory tries = [
            abi.encodeCall(REGISTRY.create, (node, "x", address(this))),
            abi.encodeCall(REGISTRY.remove, (node)),
            abi.encodeCall(REGISTRY.renew, (node)),
            abi.encodeCall(REGISTRY.lock, (node)),
            abi.encodeCall(REGISTRY.offer, (node, address(this))),
            abi.encodeCall(REGISTRY.accept, (node, _revision)),
            abi.encodeCall(REGISTRY.setText, (node, "k", "v")),
            abi.encodeCall(REGISTRY.admit, (node, "x", address(this), 1, 60)),
            abi.encodeCall(REGISTRY.serve, (id, address(this), "", "")),
            abi.encodeCall(REGISTRY.evict, (id)),
            abi.encodeCall(REGISTRY.withdraw, (payable(address(this))))
        ];
        bool ok = _do(address(0xBAD), tries[(seed >> 128) % 11], 0);
        if (ok) broken = "a trespasser got in";
        _tally("trespass refused", !ok);
    }

    function wait(uint256 seed) external turn {
        _warp(_now + (seed & 7 == 0 ? seed % TERM : seed % 5_000));
    }

    // ------------------------------------------------------------------ what must hold

    /// @notice Deposits of names that are live or unsettled, and credits.
    function owed() external view returns (uint256 sum) {
        bytes32[] storage tops = _below[0];
        for (uint256 i; i < tops.length; ++i) if (_names[_lastLife[tops[i]] - 1].unsettled) sum += DEPOSIT;
        for (uint256 k; k < 4; ++k) sum += REGISTRY.creditOf(_person(k));
    }

    /// @notice Names and leases are in the contract what they are in the model, by every path: after most actions some, see {Town}.
    function check() external view returns (string memory wrong) {
        if (_turn % ALL_EVERY == 0) return _checkAll();
        for (uint256 k; k < _touchedNames.length && bytes(wrong).length == 0; ++k) wrong = _checkLast(_names[_touchedNames[k]].node);
        for (uint256 k; k < _touchedLeases.length && bytes(wrong).length == 0; ++k) wrong = _checkLease(_touchedLeases[k]);
    }

    /// @notice All of them are.
    function checkAll() external view returns (string memory) {
        return _checkAll();
    }

    function _checkAll() private view returns (string memory wrong) {
        for (uint256 i; i < _nodes.length; ++i) {
            wrong = _checkLast(_nodes[i]);
            if (bytes(wrong).length != 0) return wrong;
        }
        for (uint256 k; k < _leases.length; ++k) {
            wrong = _checkLease(k);
            if (bytes(wrong).length != 0) return wrong;
        }
    }

    function _checkLease(uint256 k) private view returns (string memory) {
        Lease storage l = _leases[k];
        IRegistry.Instance memory there = REGISTRY.instance(l.id);
        if (l.gone || !_live(l.name)) return there.until == 0 ? "" : "an instance outlives its service";
        return there.until == l.until && there.operator == l.operator ? "" : "another lease";
    }

    function _checkLast(bytes32 node) private view returns (string memory) {
        return _checkName(_lastLife[node] - 1);
    }

    function _checkName(uint256 i) private view returns (string memory) {
        Name storage n = _names[i];
        bool live = _live(i);
        address here = live ? n.here : address(0);
        (address owner,,,,, bool locked, address offeredTo,) = REGISTRY.nameOf(n.node);
        if (owner != (live ? n.owner : address(0)) || ANSWERS.owner(n.node) != owner) return "another owner";
        if (live && (locked != n.locked || offeredTo != n.offeredTo)) return "another lock or offer";
        if (live && n.hand != address(0) && !REGISTRY.isOperator(n.node, n.hand)) return "another operator";
        if (ANSWERS.recordExists(n.node) != live || (ANSWERS.resolver(n.node) != address(0)) != live) return "another registry";
        if (ANSWERS.addr(n.node) != here) return "another address";
        (bool found, address resolved) = _resolve(n.dotted, n.node);
        if (found != live || resolved != here) return "resolved otherwise";

        (IRegistry.Instance[] memory list,) = REGISTRY.instances(n.node, 0, 100, true);
        uint256 count;
        uint256[] storage there = _leasesOf[n.node];
        for (uint256 k; k < there.length; ++k) {
            Lease storage l = _leases[there[k]];
            bool alive = live && l.name == i && !l.gone && _now < l.until;
            bool listed;
            for (uint256 j; j < list.length; ++j) listed = listed || list[j].id == l.id;
            if (alive != listed) return "another live view";
            if (!alive) continue;
            ++count;
            string memory dotted = string.concat(l.label, ".", n.dotted);
            (found, resolved) = _resolve(dotted, _hash(dotted));
            if (resolved != _target(l.id)) return "a live instance is not resolved";
        }
        if (count != list.length) return "more are live";
        (bytes32[] memory nodes,) = REGISTRY.children(n.node, 0, 100);
        count = 0;
        bytes32[] storage belows = _below[n.node];
        for (uint256 k; k < belows.length; ++k) {
            uint256 below = _lastLife[belows[k]] - 1;
            if (live && _names[below].parent == i && _live(below)) ++count;
        }
        return count == nodes.length ? "" : "other names below";
    }

    function _resolve(string memory dotted, bytes32 node) private view returns (bool found, address here) {
        try ANSWERS.resolve(_dns(bytes(dotted)), abi.encodeWithSignature("addr(bytes32)", node)) returns (bytes memory answer, address) {
            return (true, abi.decode(answer, (address)));
        } catch {
            return (false, address(0));
        }
    }

    // ------------------------------------------------------------------ the model

    function _add(string memory dotted, uint256 parent, address owner, uint256 expires) private {
        Name storage n = _names.push();
        (n.dotted, n.node, n.parent, n.owner, n.expires, n.unsettled) = (dotted, _hash(dotted), parent, owner, expires, parent == NONE);
        if (_lastLife[n.node] == 0) {
            _nodes.push(n.node);
            _below[parent == NONE ? bytes32(0) : _names[parent].node].push(n.node);
        }
        _lastLife[n.node] = _names.length;
        _touch(_touchedNames, _names.length - 1);
    }

    /// @dev A top-level name is over, and its deposit its owner's.
    function _settle(uint256 i) private {
        _names[i].unsettled = false;
        _kill(i);
    }

    function _kill(uint256 i) private {
        _names[i].dead = true;
        bytes32[] storage belows = _below[_names[i].node];
        for (uint256 k; k < belows.length; ++k) {
            uint256 below = _lastLife[belows[k]] - 1;
            if (_names[below].parent == i && !_names[below].dead) _kill(below);
        }
    }

    function _live(uint256 i) private view returns (bool) {
        Name storage n = _names[i];
        return !n.dead && (n.parent == NONE ? _now < n.expires : _live(n.parent));
    }

    function _acts(uint256 i, address who) private view returns (bool) {
        return who == _names[i].owner || who == _names[i].hand;
    }

    function _depth(uint256 i) private view returns (uint256) {
        return _names[i].parent == NONE ? 1 : 1 + _depth(_names[i].parent);
    }

    /// @dev The last life of a name.
    function _last(string memory dotted) private view returns (uint256) {
        uint256 life = _lastLife[_hash(dotted)];
        return life == 0 ? NONE : life - 1;
    }

    function _free(string memory label, uint256 parent) private view returns (bool) {
        uint256 last = _last(string.concat(label, ".", _names[parent].dotted));
        return last == NONE || !_live(last);
    }

    // ------------------------------------------------------------------ who and what

    function _label(uint256 k) private pure returns (string memory) {
        return string(abi.encodePacked(bytes1(uint8(97 + k))));
    }

    function _person(uint256 seed) private pure returns (address) {
        return address(uint160(0xA0000 + seed % 4));
    }

    function _target(uint64 id) private pure returns (address) {
        return address(uint160(0x7000 + id));
    }

    /// @dev Mostly one who may act for the name.
    function _actor(uint256 i, uint256 seed) private view returns (address) {
        if (seed & 7 == 5) return _person(seed >> 3);
        return seed & 1 == 0 && _names[i].hand != address(0) ? _names[i].hand : _names[i].owner;
    }

    function _some(uint256 seed) private returns (uint256 i) {
        if (seed >> 40 & 7 != 1 || _names.length == 0) return _someLive(seed);
        i = seed % _names.length;
        _touch(_touchedNames, i);
    }

    /// @dev A live name; one is claimed if there is none.
    function _someLive(uint256 seed) private returns (uint256) {
        for (uint256 k; k < _nodes.length; ++k) {
            uint256 i = _lastLife[_nodes[(seed % _nodes.length + k) % _nodes.length]] - 1;
            if (!_live(i)) continue;
            _touch(_touchedNames, i);
            return i;
        }
        return _someTop(seed);
    }

    function _someTop(uint256 seed) private returns (uint256) {
        bytes32[] storage tops = _below[0];
        for (uint256 k; k < tops.length; ++k) {
            uint256 i = _lastLife[tops[(seed % tops.length + k) % tops.length]] - 1;
            if (!_names[i].unsettled || _now >= _names[i].expires) continue;
            _touch(_touchedNames, i);
            return i;
        }
        this.claim(seed | 7);
        return _names.length - 1;
    }

    function _child(uint256 i, uint256 seed) private returns (uint256) {
        bytes32[] storage belows = _below[_names[i].node];
        for (uint256 k; k < belows.length; ++k) {
            uint256 below = _lastLife[belows[k]] - 1;
            if (!_live(below)) continue;
            _touch(_touchedNames, below);
            return below;
        }
        string memory label = _label(3 + seed % 3);
        _do(_names[i].owner, abi.encodeCall(REGISTRY.create, (_names[i].node, label, _person(seed))), 0);
        _add(string.concat(label, ".", _names[i].dotted), i, _person(seed), 0);
        return _names.length - 1;
    }

    /// @dev Mostly one that is not gone.
    function _someLease(uint256 seed) private returns (uint256) {
        for (uint256 k; k < _leases.length; ++k) {
            uint256 i = (seed % _leases.length + k) % _leases.length;
            if (seed >> 48 & 7 != 1 && (_leases[i].gone || !_live(_leases[i].name))) continue;
            _touch(_touchedNames, _leases[i].name);
            _touch(_touchedLeases, i);
            return i;
        }
        this.admit(seed);
        this.serve(_leases.length - 1);
        return _leases.length - 1;
    }

    function _warp(uint256 time) private {
        if (time <= _now) return;
        _now = time;
        VM.warp(time);
    }

    // ------------------------------------------------------------------ parts

    /// @dev Sends it, and counts revisions: each event of the Registry's own has the next one.
    function _do(address who, bytes memory input, uint256 value) private returns (bool ok) {
        VM.recordLogs();
        VM.prank(who);
        (ok,) = address(REGISTRY).call{value: value}(input);
        TownVm.Log[] memory logs = VM.getRecordedLogs();
        for (uint256 i; i < logs.length; ++i) {
            if (!_ours[logs[i].topics[0]]) continue;
            if (logs[i].emitter != address(REGISTRY) || uint256(logs[i].topics[1]) != ++_revision) broken = "a gap in the revisions";
        }
        if (REGISTRY.revision() != _revision) broken = "a revision without an event";
    }

    function _same(string memory action, bool ok, bool expected) private {
        if (ok != expected) broken = string.concat(action, expected ? ": refused" : ": went through");
        _tally(action, ok);
    }

    function _tally(string memory action, bool ok) private {
        if (calls[action]++ == 0) actions.push(action);
        if (ok) ++successes[action];
    }

    function _touch(uint256[] storage touched, uint256 i) private {
        for (uint256 k; k < touched.length; ++k) if (touched[k] == i) return;
        touched.push(i);
    }

    function _equal(string memory a, string memory b) private pure returns (bool) {
        return keccak256(bytes(a)) == keccak256(bytes(b));
    }

    /// @dev Every label here has one character.
    function _hash(string memory dotted) private pure returns (bytes32 node) {
        bytes memory b = bytes(dotted);
        for (uint256 i = b.length + 1; i != 0; i -= 2) {
            node = keccak256(bytes.concat(node, keccak256(bytes.concat(b[i - 2]))));
            if (i == 2) break;
        }
    }

    function _dns(bytes memory dotted) private pure returns (bytes memory name) {
        for (uint256 i; i < dotted.length; i += 2) name = bytes.concat(name, hex"01", dotted[i]);
        return bytes.concat(name, hex"00");
    }
}
