// ENS as ethers ships it, asked each question of standard input: {"url", "chainId", "registry", "universal", "questions"},
// all JSON. Answers go to standard output in the same order: {"is": value} or {"throws": error}.
import { readFileSync } from "node:fs";
import { JsonRpcProvider, Network } from "ethers";

const { url, chainId, registry, universal, questions } = JSON.parse(readFileSync(0, "utf8"));
const ens = universal ? { ensAddress: registry, ensUniversalResolver: registry } : { ensAddress: registry };
const network = Network.from({ name: "here", chainId, ...ens });
const provider = new JsonRpcProvider(url, network, { staticNetwork: network, batchMaxCount: 1 });

const asks = {
  address: ({ of }) => provider.resolveName(of),
  coin: ({ of, coin }) => provider.resolveName(of, BigInt(coin)),
  text: async ({ of, key }) => (await provider.getResolver(of))?.getText(key) ?? null,
  contenthash: async ({ of }) => (await provider.getResolver(of))?.getContentHash() ?? null,
  reverse: ({ of }) => provider.lookupAddress(of),
  resolver: async ({ of }) => (await provider.getResolver(of))?.address ?? null,
};

const answers = [];
for (const question of questions) {
  try {
    answers.push({ is: await asks[question.ask](question) });
  } catch (error) {
    answers.push({ throws: error.code ?? error.name });
  }
}
provider.destroy();
process.stdout.write(JSON.stringify(answers));
