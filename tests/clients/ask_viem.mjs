// ENS as viem ships it, asked each question of standard input: {"url", "chainId", "registry", "questions"}, all JSON.
// Answers go to standard output in the same order: {"is": value} or {"throws": error}.
import { readFileSync } from "node:fs";
import { createPublicClient, defineChain, http, parseAbi } from "viem";
import { namehash, normalize } from "viem/ens";

const { url, chainId, registry, questions } = JSON.parse(readFileSync(0, "utf8"));
const chain = defineChain({
  id: chainId,
  name: "here",
  nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
  rpcUrls: { default: { http: [url] } },
  contracts: { ensUniversalResolver: { address: registry } },
});
const client = createPublicClient({ chain, transport: http(url, { retryCount: 0 }) });
const abi = parseAbi(["function contenthash(bytes32 node) view returns (bytes)"]);

// viem leaves normalising to whoever calls it, as its documentation says of each of these.
const asks = {
  address: ({ of }) => client.getEnsAddress({ name: normalize(of) }),
  coin: ({ of, coin }) => client.getEnsAddress({ name: normalize(of), coinType: BigInt(coin) }),
  text: ({ of, key }) => client.getEnsText({ name: normalize(of), key }),
  contenthash: async ({ of }) => {
    const address = await client.getEnsResolver({ name: normalize(of) });
    return client.readContract({ address, abi, functionName: "contenthash", args: [namehash(of)] });
  },
  reverse: ({ of }) => client.getEnsName({ address: of }),
  resolver: ({ of }) => client.getEnsResolver({ name: normalize(of) }),
};

const answers = [];
for (const question of questions) {
  try {
    answers.push({ is: await asks[question.ask](question) });
  } catch (error) {
    answers.push({ throws: error.name });
  }
}
process.stdout.write(JSON.stringify(answers));
