// Written by `make abi` from the contracts.
/** Where this version's contracts are on every chain on which somebody has deployed them. */
export declare const addresses: { readonly Scheduler: "0xdd902A3301Eb4cd598bA5729c43a98A99087AB8D"; readonly Facts: "0x6d986da1434F58530A4792A756Ac2bA774729Ee6"; readonly Registry: "0x2B3Ec7cCf072e578C935E5c988282e2c5f514393" };
/** The CREATE2 deployer that puts them there. */
export declare const deployer: "0x4e59b44847b379578588920cA78FbF26c0B4956C";
/** By chain id: the contracts of which deployments/ has a record. */
export declare const deployments: { readonly [chainId: number]: { readonly [contract: string]: `0x${string}` } };
