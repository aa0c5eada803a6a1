// Written by `make abi` from the contracts.
export declare const accountAbi: readonly [
  { readonly type: "fallback"; readonly stateMutability: "payable" },
  { readonly type: "receive"; readonly stateMutability: "payable" },
  { readonly type: "function"; readonly name: "isExecutor"; readonly inputs: readonly [{ readonly name: "executor"; readonly type: "address" }]; readonly outputs: readonly [{ readonly name: "allowed"; readonly type: "bool" }]; readonly stateMutability: "view" },
  { readonly type: "function"; readonly name: "owner"; readonly inputs: readonly []; readonly outputs: readonly [{ readonly name: ""; readonly type: "address" }]; readonly stateMutability: "view" },
  { readonly type: "function"; readonly name: "perform"; readonly inputs: readonly [{ readonly name: "calls"; readonly type: "bytes" }]; readonly outputs: readonly [{ readonly name: ""; readonly type: "bytes4" }]; readonly stateMutability: "payable" },
  { readonly type: "function"; readonly name: "setExecutor"; readonly inputs: readonly [{ readonly name: "executor"; readonly type: "address" }, { readonly name: "allowed"; readonly type: "bool" }]; readonly outputs: readonly []; readonly stateMutability: "nonpayable" },
  { readonly type: "event"; readonly name: "ExecutorSet"; readonly inputs: readonly [{ readonly name: "executor"; readonly type: "address"; readonly indexed: true }, { readonly name: "allowed"; readonly type: "bool"; readonly indexed: false }]; readonly anonymous: false },
  { readonly type: "error"; readonly name: "Account_CallFailed"; readonly inputs: readonly [{ readonly name: "index"; readonly type: "uint256" }, { readonly name: "reason"; readonly type: "bytes" }] },
  { readonly type: "error"; readonly name: "Account_MalformedCalls"; readonly inputs: readonly [] },
  { readonly type: "error"; readonly name: "Account_NotAllowed"; readonly inputs: readonly [{ readonly name: "caller"; readonly type: "address" }] },
];
