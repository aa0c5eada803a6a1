// Written by `make abi` from the contracts.
export declare const factsAbi: readonly [
  { readonly type: "function"; readonly name: "age"; readonly inputs: readonly [{ readonly name: "target"; readonly type: "address" }, { readonly name: "data"; readonly type: "bytes" }, { readonly name: "word"; readonly type: "uint256" }]; readonly outputs: readonly [{ readonly name: ""; readonly type: "uint256" }]; readonly stateMutability: "view" },
  { readonly type: "function"; readonly name: "balance"; readonly inputs: readonly [{ readonly name: "account"; readonly type: "address" }]; readonly outputs: readonly [{ readonly name: ""; readonly type: "uint256" }]; readonly stateMutability: "view" },
  { readonly type: "function"; readonly name: "blockNumber"; readonly inputs: readonly []; readonly outputs: readonly [{ readonly name: ""; readonly type: "uint256" }]; readonly stateMutability: "view" },
  { readonly type: "function"; readonly name: "codeHash"; readonly inputs: readonly [{ readonly name: "account"; readonly type: "address" }]; readonly outputs: readonly [{ readonly name: ""; readonly type: "bytes32" }]; readonly stateMutability: "view" },
  { readonly type: "function"; readonly name: "timestamp"; readonly inputs: readonly []; readonly outputs: readonly [{ readonly name: ""; readonly type: "uint256" }]; readonly stateMutability: "view" },
  { readonly type: "error"; readonly name: "Facts_Unreadable"; readonly inputs: readonly [{ readonly name: "target"; readonly type: "address" }, { readonly name: "word"; readonly type: "uint256" }] },
];
