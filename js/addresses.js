// Written by `make abi` from the contracts.
/** Where this version's contracts are on every chain on which somebody has deployed them. */
export const addresses = {
  "Scheduler": "0x4c137caDed1c1dFdD382C25544616be4b2d0dE44",
  "Facts": "0x6d986da1434F58530A4792A756Ac2bA774729Ee6",
  "Registry": "0x94F005D7Ed424828a864D7EA2b63Dff9264Bbd3D"
};
/** The CREATE2 deployer that puts them there. */
export const deployer = "0x4e59b44847b379578588920cA78FbF26c0B4956C";
/** By chain id: the contracts of which deployments/ has a record. */
export const deployments = {};
