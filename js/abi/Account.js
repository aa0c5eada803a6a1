// Written by `make abi` from the contracts.
export const accountAbi = [
  {"type": "fallback", "stateMutability": "payable"},
  {"type": "receive", "stateMutability": "payable"},
  {"type": "function", "name": "isExecutor", "inputs": [{"name": "executor", "type": "address"}], "outputs": [{"name": "allowed", "type": "bool"}], "stateMutability": "view"},
  {"type": "function", "name": "owner", "inputs": [], "outputs": [{"name": "", "type": "address"}], "stateMutability": "view"},
  {"type": "function", "name": "perform", "inputs": [{"name": "calls", "type": "bytes"}], "outputs": [{"name": "", "type": "bytes4"}], "stateMutability": "payable"},
  {"type": "function", "name": "setExecutor", "inputs": [{"name": "executor", "type": "address"}, {"name": "allowed", "type": "bool"}], "outputs": [], "stateMutability": "nonpayable"},
  {"type": "event", "name": "ExecutorSet", "inputs": [{"name": "executor", "type": "address", "indexed": true}, {"name": "allowed", "type": "bool", "indexed": false}], "anonymous": false},
  {"type": "error", "name": "Account_CallFailed", "inputs": [{"name": "index", "type": "uint256"}, {"name": "reason", "type": "bytes"}]},
  {"type": "error", "name": "Account_MalformedCalls", "inputs": []},
  {"type": "error", "name": "Account_NotAllowed", "inputs": [{"name": "caller", "type": "address"}]},
];
