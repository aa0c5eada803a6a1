// Written by `make abi` from the contracts.
export * from "./abi/Account.js";
export * from "./abi/Facts.js";
export * from "./abi/Registry.js";
export * from "./abi/Scheduler.js";
export * from "./addresses.js";
