// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Registry: names, services and their live instances
/// @notice Names are ENS names (EIP-137), so unmodified ENS clients that are pointed at this contract resolve them: it answers as
/// registry, as resolver and as Universal Resolver (see {IRegistryAnswers}). What ENS does not have are services: versions that only grow,
/// instances under leases, and counts of how many are wanted. No admin, no fee; deposits come back.
/// @dev A node is live if it has an owner, has not expired, and was created under the present generation of each of its ancestors.
/// Everything that is kept of a node is kept under its generation, so a name that is claimed or created anew brings nothing back.
/// Every change has one event of this interface with the next revision, so an indexer proves that it has no gap; ENS's own events come
/// beside them for its tools.
/// A node's own revision is that of the last event that has the node among its topics, or that locks a name right below it.
/// Warning: who owns a parent can remove a name below it, until the parent locks itself out; a name that is removed, or a top-level name that
/// expires, takes all below it along, locked or not.
/// Warning: versions only grow, also over the name's end: who had a name before may have used up its numbers.
/// Warning: an operator of a node (see {approve}) may change its records and services, and create and remove names below it.
interface IRegistry {
    /// @notice A service's rule of scaling. `wanted` follows the formula of Kubernetes' HPA, ceil(wanted * metric / target), within
    /// [least, most], at most once a cool-down.
    struct Scaling {
        uint32 wanted;
        uint32 least;
        uint32 most;
        uint32 cooldownS;
        uint40 changedAt;
        uint64 target;
        address meter;
    }

    /// @notice A version of a service: code here (`target`, whose code hash is `digest`) or elsewhere (no target; digest of the content).
    struct Version {
        uint32 release;
        uint32 build;
        address target;
        bytes32 digest;
    }

    /// @notice One who serves a service. Live while `block.timestamp < until` and its service is; weight 0 is draining.
    struct Instance {
        uint64 id;
        bytes32 node;
        string label;
        address operator;
        /// what the service's owner granted; the operator may lower `weight` to anything below
        uint16 granted;
        uint16 weight;
        /// how long a heartbeat lasts, in seconds
        uint32 ttlS;
        uint40 until;
        /// its address on this chain, if it has one
        address target;
        bytes12 zone;
        string endpoint;
    }

    // ------------------------------------------------------------------ events

    /// @notice Somebody committed to a claim.
    event Committed(uint64 indexed revision, bytes32 commitment);
    /// @notice A name came to be, empty. `expires` is 0 below the top level; `deposit` in wei.
    event NameSet(
        uint64 indexed revision, bytes32 indexed node, bytes32 indexed parent, string label, address owner, uint32 expires, uint32 generation
    );
    /// @notice A top-level name lives until `expires`.
    event NameRenewed(uint64 indexed revision, bytes32 indexed node, uint32 expires);
    /// @notice A name is gone, with all below it.
    event NameRemoved(uint64 indexed revision, bytes32 indexed node);
    /// @notice The node is offered to `to`; to nobody if it is zero.
    event Offered(uint64 indexed revision, bytes32 indexed node, address to);
    /// @notice The node's new owner accepted it. Its operators are none now.
    event Accepted(uint64 indexed revision, bytes32 indexed node, address owner);
    /// @notice `operator` may act for the node, or no longer.
    event Approved(uint64 indexed revision, bytes32 indexed node, address operator, bool approved);
    /// @notice The node's parent can no longer remove it.
    event Locked(uint64 indexed revision, bytes32 indexed node);
    /// @notice A record changed: `kind` is the selector of the resolver's function that reads it, `key` its argument as one word (a
    /// coin type, a content type, an interface) or the text's key, `value` what is kept. Empty: removed.
    event RecordSet(uint64 indexed revision, bytes32 indexed node, bytes4 kind, bytes key, bytes value);
    /// @notice What `account` says its name is.
    event ReverseSet(uint64 indexed revision, address indexed account, string name);
    /// @notice A version was proposed: what `canary.` resolves to. Release 0: the proposal was taken back.
    event Proposed(uint64 indexed revision, bytes32 indexed node, uint32 release, uint32 build, address target, bytes32 digest);
    /// @notice The proposed version became the service's. With a target, the address here is now the target.
    event Confirmed(uint64 indexed revision, bytes32 indexed node, uint32 release, uint32 build);
    /// @notice An instance was admitted, or admitted again with another operator, weight or time; its lease is over until its next heartbeat.
    event Admitted(
        uint64 indexed revision, bytes32 indexed node, uint64 indexed id, string label, address operator, uint16 granted, uint32 ttlS
    );
    /// @notice Where an instance serves.
    event Serving(uint64 indexed revision, uint64 indexed id, address target, bytes12 zone, string endpoint);
    /// @notice An operator changed its instance's weight.
    event Weighed(uint64 indexed revision, uint64 indexed id, uint16 weight);
    /// @notice These instances live on, each for its own `ttlS` from the block's time.
    event Renewed(uint64 indexed revision, uint64[] ids);
    /// @notice An instance is gone.
    event Evicted(uint64 indexed revision, uint64 indexed id);
    /// @notice A service's rule of scaling, or what it wants now.
    event Scaled(uint64 indexed revision, bytes32 indexed node, Scaling scaling);
    /// @notice A deposit that came back was taken.
    event Withdrawn(uint64 indexed revision, address indexed owner, address to, uint256 amountWei);

    // ------------------------------------------------------------------ errors

    /// @notice Labels have 1 to 63 of the characters a-z, 0-9 and `-`, no `-` at the beginning or at the end, and not `--` at the third and fourth.
    error Registry_BadLabel(string label);
    /// @notice At the top level `eth`, `reverse` and `addr` are not given away: they mean something elsewhere. `canary` and `v<number>` are no
    /// instances: they are versions.
    error Registry_Reserved(string label);
    /// @notice The node is not live.
    error Registry_NoName(bytes32 node);
    /// @notice The node is live, or in its grace; from `freeAt` on it can be claimed (0: never while it has an owner).
    error Registry_Taken(bytes32 node, uint256 freeAt);
    /// @notice A name has at most `most` labels.
    error Registry_TooDeep(uint256 most);
    /// @notice Only the node's owner (or for most changes its operators, or for a removal its parent's) may do this.
    error Registry_NotAllowed(bytes32 node, address caller);
    /// @notice There is no commitment of that age; it counts from `from` until `until` (both 0: there is none).
    error Registry_NoCommitment(bytes32 commitment, uint256 from, uint256 until);
    /// @notice The deposit is exactly `wanted` wei.
    error Registry_BadDeposit(uint256 wanted, uint256 given);
    /// @notice The node was not offered to the caller.
    error Registry_NotOffered(bytes32 node, address caller);
    /// @notice The node changed after what the caller saw.
    error Registry_Changed(bytes32 node, uint64 expected, uint64 revision);
    /// @notice The parent locked itself out.
    error Registry_LockedOut(bytes32 node);
    /// @notice `what` is longer than `most`, or of a length that cannot be.
    error Registry_BadLength(bytes32 what, uint256 length, uint256 most);
    /// @notice `what` cannot be `value`.
    error Registry_BadValue(bytes32 what, uint256 value);
    /// @notice Versions only grow: `release`.`build` is the highest there was.
    error Registry_OldVersion(bytes32 node, uint32 release, uint32 build);
    /// @notice Another version is proposed, or none.
    error Registry_NotProposed(bytes32 node, uint32 release, uint32 build);
    /// @notice The code at `target` has another hash.
    error Registry_OtherCode(address target, bytes32 found, bytes32 wanted);
    /// @notice There is no such instance, or its service is gone.
    error Registry_NoInstance(uint64 id);
    /// @notice The heartbeat was meant to arrive earlier.
    error Registry_TooLate(uint256 notAfter, uint256 nowAt);
    /// @notice Nothing here could be renewed by the caller.
    error Registry_NothingRenewed();
    /// @notice The count changed a moment ago; it may again from `from` on.
    error Registry_CoolingDown(bytes32 node, uint256 from);
    /// @notice Nothing to withdraw.
    error Registry_NothingDue();
    /// @notice The receiver refused the payment.
    error Registry_PaymentRefused(address to);

    // ------------------------------------------------------------------ names

    /// @notice Say that you will claim something, without saying what: `commitmentOf(label, owner, secret)`.
    /// @dev Committing twice changes nothing, so nobody can be kept from it by being copied.
    function commit(bytes32 commitment) external;

    /// @notice Claim a top-level name for `owner`, from 60 seconds to a day after committing to it, with the deposit.
    /// @dev A name that expired is free 90 days later; its deposit goes to its last owner's credit.
    function claim(string calldata label, address owner, bytes32 secret) external payable returns (bytes32 node);

    /// @notice A top-level name lives for another year from now, at most until 2106. By its owner or operators, also in its grace.
    function renew(bytes32 node) external;

    /// @notice Create a name below one that you own or operate; of at most 8 labels, and 255 bytes in DNS's encoding.
    function create(bytes32 parent, string calldata label, address owner) external returns (bytes32 node);

    /// @notice Remove a name, and all below it: the owner any time, of a top-level name also when it has expired, so that no deposit is stuck;
    /// its parent's owner and operators while it is live, unless locked out. The deposit of a top-level name goes to the owner's credit.
    function remove(bytes32 node) external;

    /// @notice The parent's owner locks itself out: it cannot remove this name any more, for as long as the name lives. Again it changes nothing.
    function lock(bytes32 node) external;

    /// @notice Offer your name; nothing changes until it is accepted. Zero takes an offer back.
    function offer(bytes32 node, address to) external;

    /// @notice Take over a name that was offered to you, if it is still what it was at `expectedRevision` (see {nameOf}): itself, and no name
    /// created or locked right below it since. Its operators lose it.
    function accept(bytes32 node, uint64 expectedRevision) external;

    /// @notice Let somebody act for a node, or no longer.
    function approve(bytes32 node, address operator, bool approved) external;

    /// @notice Take the deposits that came back to you.
    function withdraw(address payable to) external returns (uint256 amountWei);

    // ------------------------------------------------------------------ records

    /// @notice The address on this chain.
    function setAddr(bytes32 node, address a) external;

    /// @notice The address for a coin type (ENSIP-9; an EVM chain's is 0x80000000 | chainId, ENSIP-11), of at most 128 bytes; 20 for EVM chains. Empty: none.
    function setAddr(bytes32 node, uint256 coinType, bytes calldata a) external;

    /// @notice A text (ENSIP-5): key of at most 64 bytes, value of at most 1,024.
    function setText(bytes32 node, string calldata key, string calldata value) external;

    /// @notice A content hash (ENSIP-7) of at most 128 bytes.
    function setContenthash(bytes32 node, bytes calldata hash) external;

    /// @notice An ABI (ENSIP-4) of at most 16,384 bytes; `contentType` is a power of two.
    function setABI(bytes32 node, uint256 contentType, bytes calldata data) external;

    /// @notice Who implements an interface (ENSIP-8).
    function setInterface(bytes32 node, bytes4 interfaceId, address implementer) external;

    /// @notice What the caller's name is. It is only ever told while the name resolves to the caller. Empty: none.
    function setName(string calldata name) external;

    /// @notice Several of these calls in one, all or nothing.
    function multicall(bytes[] calldata calls) external returns (bytes[] memory results);

    // ------------------------------------------------------------------ services

    /// @notice Propose a version; `canary.` resolves to it. Versions are only ever higher than all before, also those of a removed name:
    /// to go back is a new build of old code.
    function propose(bytes32 node, uint32 release, uint32 build, address target, bytes32 digest) external;

    /// @notice Take the proposal back.
    function retract(bytes32 node) external;

    /// @notice The proposed version becomes the service's, and its target, if any, its address here: a {RecordSet} follows. Naming it keeps it
    /// from being swapped.
    function confirm(bytes32 node, uint32 release, uint32 build) external;

    /// @notice Admit an instance, or admit it again with another operator, weight or time. It is live from its operator's next heartbeat on.
    /// @param ttlS how long a heartbeat lasts: a minute to 30 days
    function admit(bytes32 node, string calldata label, address operator, uint16 weight, uint32 ttlS) external returns (uint64 id);

    /// @notice By its operator: where an instance serves. `endpoint` has at most 256 bytes, each a printable character of ASCII.
    function serve(uint64 id, address target, bytes12 zone, string calldata endpoint) external;

    /// @notice By their operator: these instances are alive. What cannot be renewed (evicted, removed, another's) is passed over, so that one does
    /// not hold up the others. After `notAfter` it is refused: a heartbeat that was held back keeps nobody alive.
    function heartbeat(uint64[] calldata ids, uint256 notAfter) external returns (uint256 renewed);

    /// @notice By its operator: any weight up to what was granted; 0 to drain.
    function setWeight(uint64 id, uint16 weight) external;

    /// @notice An instance is gone: by the service's owner or operators, or by its own operator.
    function evict(uint64 id) external;

    /// @notice A service's rule of scaling, with the present count; `changedAt` is set here.
    function setScaling(bytes32 node, Scaling calldata scaling) external;

    /// @notice How many are wanted, within the rule's bounds. A cool-down does not hold this; it starts one.
    function scale(bytes32 node, uint32 wanted) external;

    /// @notice By the rule's meter: the metric per instance. The count follows the rule; if it stays, nothing changes.
    function measure(bytes32 node, uint256 metric) external returns (uint32 wanted);

    // ------------------------------------------------------------------ views

    /// @notice The last revision.
    function revision() external view returns (uint64);

    /// @notice All that is kept of a live node; zeros if it is not live. `revision` is that of its own last change, for {accept}.
    function nameOf(bytes32 node)
        external
        view
        returns (address owner, bytes32 parent, string memory label, uint32 expires, uint32 generation, bool locked, address offeredTo, uint64 revision);

    /// @notice Whether `who` may act for a live node: its owner, or one of its operators.
    function isOperator(bytes32 node, address who) external view returns (bool);

    /// @notice What to commit to.
    function commitmentOf(string calldata label, address owner, bytes32 secret) external pure returns (bytes32);

    /// @notice From when on a top-level name can be claimed; 0 if now.
    function freeAt(string calldata label) external view returns (uint256);

    /// @notice What a claim deposits, in wei.
    function deposit() external pure returns (uint256);

    /// @notice What `owner` can withdraw, in wei.
    function creditOf(address owner) external view returns (uint256);

    /// @notice Names below a live node, `limit` from number `from` on, and how many there are. Those that stopped being live are not among them,
    /// but count. The root is node 0.
    function children(bytes32 node, uint256 from, uint256 limit) external view returns (bytes32[] memory nodes, uint256 total);

    /// @notice The service's version, the proposed one, and the highest there ever was as release << 32 | build.
    function versions(bytes32 node) external view returns (Version memory current, Version memory proposed, uint64 highest);

    /// @notice The last confirmed build of a release; zeros if there is none.
    function versionOf(bytes32 node, uint32 release) external view returns (Version memory);

    /// @notice An instance; its `until` is 0 if it was evicted or its service is gone.
    function instance(uint64 id) external view returns (Instance memory);

    /// @notice Instances of a service, `limit` from number `from` on, and how many there are. `liveOnly`: only those that live now.
    function instances(bytes32 node, uint256 from, uint256 limit, bool liveOnly) external view returns (Instance[] memory found, uint256 total);

    /// @notice A live instance chosen by weight with the caller's `seed`, among the first 64; reverts if there is none.
    /// @dev Warning: whoever chooses the seed chooses the instance.
    function pick(bytes32 node, uint256 seed) external view returns (Instance memory);

    /// @notice A service's rule of scaling.
    function scalingOf(bytes32 node) external view returns (Scaling memory);
}
