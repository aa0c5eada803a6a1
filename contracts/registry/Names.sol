// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Store} from "./Store.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {IRegistryAnswers} from "../interfaces/IRegistryAnswers.sol";
import {Labels} from "../libraries/Labels.sol";
import {BookWord, SHORT, newBook} from "../types/BookWord.sol";
import {LifeWord, reborn} from "../types/LifeWord.sol";

/// @notice Who owns which name, and for how long.
/// @dev No function calls anybody, but `withdraw`, which sends when all is written; so there is no lock.
abstract contract Names is IRegistry, Store {
    uint256 private constant DEPOSIT = 0.1 ether;
    uint256 private constant TERM = 365 days;
    uint256 private constant GRACE = 90 days;
    /// @notice How old a commitment must be, and may be.
    uint256 private constant MIN_AGE = 60;
    uint256 private constant MAX_AGE = 1 days;

    bytes32 private constant ETH = keccak256("eth");
    bytes32 private constant REVERSE = keccak256("reverse");
    bytes32 private constant ADDR = keccak256("addr");

    // ------------------------------------------------------------------ top level

    /// @inheritdoc IRegistry
    function commit(bytes32 commitment) external {
        uint256 at = _committedAt[commitment];
        if (at != 0 && block.timestamp <= at + MAX_AGE) return;
        _committedAt[commitment] = block.timestamp;
        emit Committed(_next(), commitment);
    }

    /// @inheritdoc IRegistry
    function claim(string calldata label, address owner_, bytes32 secret) external payable returns (bytes32 node) {
        // Check
        bytes32 labelHash = _claimable(label);
        node = Labels.child(ROOT, labelHash);
        if (msg.value != DEPOSIT) revert Registry_BadDeposit(DEPOSIT, msg.value);
        bytes32 commitment = commitmentOf(label, owner_, secret);
        uint256 at = _committedAt[commitment];
        if (at == 0) revert Registry_NoCommitment(commitment, 0, 0);
        if (block.timestamp < at + MIN_AGE || block.timestamp > at + MAX_AGE) {
            revert Registry_NoCommitment(commitment, at + MIN_AGE, at + MAX_AGE);
        }
        LifeWord old = _nodes[node].life;
        uint256 free = _freeAt(old);
        if (free != 0) revert Registry_Taken(node, free);

        // Effect: who let it expire gets the deposit back, and its place in the list stays
        delete _committedAt[commitment];
        address last = old.owner();
        if (last != address(0)) _credits[last] += DEPOSIT;
        uint256 index = last != address(0) ? _nodes[node].book.index() : _listed(_key(ROOT, 0), node);
        _begin(node, ROOT, 0, label, labelHash, owner_, _term(), newBook(index, bytes(label).length + 2, bytes(label)));
    }

    /// @inheritdoc IRegistry
    function renew(bytes32 node) external {
        // Check: also in its grace, in which it is not live
        LifeWord word = _nodes[node].life;
        if (word.expires() == 0 || _freeAt(word) == 0) revert Registry_NoName(node);
        if (!_actsFor(node, word, msg.sender)) revert Registry_NotAllowed(node, msg.sender);
        // Effect
        uint256 until = _term();
        _nodes[node].life = word.withExpires(until);
        emit NameRenewed(_touch(node), node, uint32(until));
    }

    /// @inheritdoc IRegistry
    function withdraw(address payable to) external returns (uint256 amountWei) {
        amountWei = _credits[msg.sender];
        if (amountWei == 0) revert Registry_NothingDue();
        delete _credits[msg.sender];
        emit Withdrawn(_next(), msg.sender, to, amountWei);
        bool ok;
        // A plain send that copies nothing back.
        assembly ("memory-safe") {
            ok := call(gas(), to, amountWei, 0, 0, 0, 0)
        }
        if (!ok) revert Registry_PaymentRefused(to);
    }

    // ------------------------------------------------------------------ below

    /// @inheritdoc IRegistry
    function create(bytes32 parent, string calldata label, address owner_) external returns (bytes32 node) {
        // Check
        (LifeWord above, uint256 depth) = _walk(parent);
        if (depth == 0) revert Registry_NoName(parent);
        if (!_actsFor(parent, above, msg.sender)) revert Registry_NotAllowed(parent, msg.sender);
        if (depth == Labels.MOST_LABELS) revert Registry_TooDeep(Labels.MOST_LABELS);
        bytes32 labelHash = Labels.hash(label);
        uint256 length = _nodes[parent].book.length() + bytes(label).length + 1;
        if (length > Labels.MOST_BYTES) revert Registry_BadLength("name", length, Labels.MOST_BYTES);
        node = Labels.child(parent, labelHash);
        if (_nodes[node].life.isLiveUnder(above.generation())) revert Registry_Taken(node, 0);

        // Effect: a change of the parent too, whose versions and instances it may hide
        uint256 index = _listed(_key(parent, above.generation()), node);
        _begin(node, parent, above.generation(), label, labelHash, owner_, 0, newBook(index, length, bytes(label)));
    }

    /// @inheritdoc IRegistry
    function remove(bytes32 node) external {
        // Check: the owner of a top-level name may also when it has expired, so that no deposit is ever stuck
        Node storage n = _nodes[node];
        LifeWord word = n.life;
        address owner_ = word.owner();
        bytes32 parent = n.parent;
        if (owner_ != msg.sender || parent != ROOT) _requireLive(node);
        LifeWord above = _nodes[parent].life;
        if (owner_ != msg.sender) {
            if (!_actsFor(parent, above, msg.sender)) revert Registry_NotAllowed(node, msg.sender);
            if (n.book.locked()) revert Registry_LockedOut(node);
        }

        // Effect
        if (parent == ROOT) _credits[owner_] += DEPOSIT;
        _unlisted(_key(parent, above.generation()), n.book.index());
        n.life = word.removed();
        n.book = BookWord.wrap(0);
        emit NameRemoved(_next(), node);
        emit IRegistryAnswers.Transfer(node, address(0));
    }

    /// @inheritdoc IRegistry
    function lock(bytes32 node) external {
        // Check
        _requireLive(node);
        Node storage n = _nodes[node];
        bytes32 parent = n.parent;
        // Nobody owns the root.
        if (_nodes[parent].life.owner() != msg.sender) revert Registry_NotAllowed(node, msg.sender);
        // Who is locked out has no say any more, not even one that keeps a buyer from accepting.
        if (n.book.locked()) return;
        // Effect: the parent too is less than it was
        uint64 now_ = _touch(parent);
        n.book = n.book.withLock().withRevision(now_);
        emit Locked(now_, node);
    }

    // ------------------------------------------------------------------ owners and operators

    /// @inheritdoc IRegistry
    function offer(bytes32 node, address to) external {
        _offers[_eraOf(node, _requireOwner(node))] = to;
        emit Offered(_touch(node), node, to);
    }

    /// @inheritdoc IRegistry
    function accept(bytes32 node, uint64 expectedRevision) external {
        // Check
        LifeWord word = _requireLive(node);
        BookWord book = _nodes[node].book;
        if (_offers[_eraOf(node, word)] != msg.sender) revert Registry_NotOffered(node, msg.sender);
        if (book.revision() != expectedRevision) revert Registry_Changed(node, expectedRevision, book.revision());
        // Effect: offers and approvals were of the era that ends here
        _nodes[node].life = word.withOwner(msg.sender);
        _nodes[node].book = book.withTransfer();
        emit Accepted(_touch(node), node, msg.sender);
        emit IRegistryAnswers.Transfer(node, msg.sender);
    }

    /// @inheritdoc IRegistry
    function approve(bytes32 node, address operator, bool approved) external {
        _approvals[_approvalKey(_eraOf(node, _requireOwner(node)), operator)] = approved;
        emit Approved(_touch(node), node, operator, approved);
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IRegistry
    function revision() external view returns (uint64) {
        return _revision;
    }

    /// @inheritdoc IRegistry
    function nameOf(bytes32 node)
        external
        view
        returns (
            address owner_,
            bytes32 parent,
            string memory label,
            uint32 expires,
            uint32 generation,
            bool locked,
            address offeredTo,
            uint64 revision_
        )
    {
        (LifeWord word, uint256 depth) = _walk(node);
        if (depth != 0) {
            Node storage n = _nodes[node];
            (owner_, expires, generation) = (word.owner(), uint32(word.expires()), uint32(word.generation()));
            parent = n.parent;
            label = bytes(n.longLabel).length != 0 ? n.longLabel : n.book.shortLabel();
            (locked, revision_) = (n.book.locked(), n.book.revision());
            offeredTo = _offers[_eraOf(node, word)];
        }
    }

    /// @inheritdoc IRegistry
    function isOperator(bytes32 node, address who) external view returns (bool) {
        (LifeWord word, uint256 depth) = _walk(node);
        return depth != 0 && _actsFor(node, word, who);
    }

    /// @inheritdoc IRegistry
    function commitmentOf(string calldata label, address owner_, bytes32 secret) public pure returns (bytes32) {
        return keccak256(abi.encode(label, owner_, secret));
    }

    /// @inheritdoc IRegistry
    function freeAt(string calldata label) external view returns (uint256) {
        return _freeAt(_nodes[Labels.child(ROOT, _claimable(label))].life);
    }

    /// @inheritdoc IRegistry
    function deposit() external pure returns (uint256) {
        return DEPOSIT;
    }

    /// @inheritdoc IRegistry
    function creditOf(address owner_) external view returns (uint256) {
        return _credits[owner_];
    }

    /// @inheritdoc IRegistry
    function children(bytes32 node, uint256 from, uint256 limit) external view returns (bytes32[] memory nodes, uint256 total) {
        bytes32[] storage list = _children[node == ROOT ? _key(ROOT, 0) : _lifeOf(node)];
        total = list.length;
        uint256 count = _pageSize(total, from, limit);
        nodes = new bytes32[](count);
        uint256 found;
        uint256 above = _nodes[node].life.generation();
        for (uint256 i; i < count; ++i) {
            bytes32 child = list[from + i];
            if (_nodes[child].life.isLiveUnder(above)) nodes[found++] = child;
        }
        // Never longer than it was made.
        assembly ("memory-safe") {
            mstore(nodes, found)
        }
    }

    // ------------------------------------------------------------------ for the other parts

    function _requireLive(bytes32 node) internal view returns (LifeWord word) {
        uint256 depth;
        (word, depth) = _walk(node);
        if (depth == 0) revert Registry_NoName(node);
    }

    /// @dev Reverts unless the sender is the live node's owner or one of its operators. Returns its life.
    function _requireOperator(bytes32 node) internal view returns (bytes32 life) {
        LifeWord word = _requireLive(node);
        if (!_actsFor(node, word, msg.sender)) revert Registry_NotAllowed(node, msg.sender);
        return _key(node, word.generation());
    }

    /// @dev Whether `who` owns or operates the node, live or in its grace.
    function _actsFor(bytes32 node, LifeWord word, address who) internal view returns (bool) {
        if (who == address(0)) return false;
        return who == word.owner() || _approvals[_approvalKey(_eraOf(node, word), who)];
    }

    /// @dev The revision of a change.
    function _next() internal returns (uint64) {
        return ++_revision;
    }

    /// @dev The revision of a change of the node.
    function _touch(bytes32 node) internal returns (uint64 now_) {
        now_ = _next();
        _nodes[node].book = _nodes[node].book.withRevision(now_);
    }

    function _pageSize(uint256 total, uint256 from, uint256 limit) internal pure returns (uint256) {
        if (from >= total) return 0;
        return limit < total - from ? limit : total - from;
    }

    // ------------------------------------------------------------------ parts

    /// @dev A name comes to be, with nothing of what it may have been before.
    function _begin(
        bytes32 node,
        bytes32 parent,
        uint256 parentGeneration,
        string calldata label,
        bytes32 labelHash,
        address owner_,
        uint256 expires,
        BookWord book
    ) private {
        if (owner_ == address(0)) revert Registry_BadValue("owner", 0);
        Node storage n = _nodes[node];
        LifeWord word = reborn(n.life, owner_, expires, parentGeneration);
        n.life = word;
        if (bytes(label).length > SHORT) n.longLabel = label;
        uint64 now_;
        if (parent == ROOT) now_ = _next();
        else (n.parent, now_) = (parent, _touch(parent));
        n.book = book.withRevision(now_);
        emit NameSet(now_, node, parent, label, owner_, uint32(expires), uint32(word.generation()));
        emit IRegistryAnswers.NewOwner(parent, labelHash, owner_);
        emit IRegistryAnswers.NewResolver(node, address(this));
    }

    function _listed(bytes32 life, bytes32 node) private returns (uint256 index) {
        bytes32[] storage list = _children[life];
        index = list.length;
        list.push(node);
    }

    /// @dev The last takes its place.
    function _unlisted(bytes32 life, uint256 index) private {
        bytes32[] storage list = _children[life];
        bytes32 last = list[list.length - 1];
        if (index != list.length - 1) {
            list[index] = last;
            _nodes[last].book = _nodes[last].book.withIndex(index);
        }
        list.pop();
    }

    function _claimable(string calldata label) private pure returns (bytes32 labelHash) {
        labelHash = Labels.hash(label);
        if (labelHash == ETH || labelHash == REVERSE || labelHash == ADDR) revert Registry_Reserved(label);
    }

    /// @dev Until when a top-level name lives that is claimed or renewed now; words have 32 bits for it, which end in 2106.
    function _term() private view returns (uint256 until) {
        until = block.timestamp + TERM;
        if (until > type(uint32).max) revert Registry_BadValue("expires", until);
    }

    /// @dev From when on a top-level name with this word is free; 0 if now.
    function _freeAt(LifeWord word) private view returns (uint256 free) {
        if (word.owner() == address(0)) return 0;
        free = word.expires() + GRACE;
        if (block.timestamp >= free) free = 0;
    }

    function _requireOwner(bytes32 node) private view returns (LifeWord word) {
        word = _requireLive(node);
        if (word.owner() != msg.sender) revert Registry_NotAllowed(node, msg.sender);
    }

    /// @dev A life under one owner.
    function _eraOf(bytes32 node, LifeWord word) private view returns (bytes32) {
        return Labels.child(_key(node, word.generation()), bytes32(_nodes[node].book.transfers()));
    }

    function _approvalKey(bytes32 era, address operator) private pure returns (bytes32) {
        return Labels.child(era, bytes32(uint256(uint160(operator))));
    }
}
