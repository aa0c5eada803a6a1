// Written by `make abi` from the contracts.
export const factsAbi = [
  {"type": "function", "name": "age", "inputs": [{"name": "target", "type": "address"}, {"name": "data", "type": "bytes"}, {"name": "word", "type": "uint256"}], "outputs": [{"name": "", "type": "uint256"}], "stateMutability": "view"},
  {"type": "function", "name": "balance", "inputs": [{"name": "account", "type": "address"}], "outputs": [{"name": "", "type": "uint256"}], "stateMutability": "view"},
  {"type": "function", "name": "blockNumber", "inputs": [], "outputs": [{"name": "", "type": "uint256"}], "stateMutability": "view"},
  {"type": "function", "name": "codeHash", "inputs": [{"name": "account", "type": "address"}], "outputs": [{"name": "", "type": "bytes32"}], "stateMutability": "view"},
  {"type": "function", "name": "timestamp", "inputs": [], "outputs": [{"name": "", "type": "uint256"}], "stateMutability": "view"},
  {"type": "error", "name": "Facts_Unreadable", "inputs": [{"name": "target", "type": "address"}, {"name": "word", "type": "uint256"}]},
];
