// ethers as it comes, pointed at the Registry: finds the price service by name, and asks its instances in turn.
// ask_ethers.mjs RPC_URL CHAIN_ID REGISTRY SERVICE NAME.. says the addresses of the names first, then a line for each question.
import { JsonRpcProvider, Network } from "ethers";

const [url, chainId, registry, service, ...names] = process.argv.slice(2);
const network = Network.from({ name: "here", chainId: Number(chainId), ensAddress: registry });
const provider = new JsonRpcProvider(url, network, { staticNetwork: network, cacheTimeout: -1 });
const say = (said) => process.stdout.write(`${JSON.stringify(said)}\n`);
const text = async (name, key) => (await (await provider.getResolver(name))?.getText(key)) || null;

const found = {};
for (const name of names) found[name] = await provider.resolveName(name);
say({ names: found });
for (let turn = 0; ; turn++) {
  const at = Date.now() / 1000;
  const block = Number(await provider.send("eth_blockNumber", []));
  const told = {};
  for (const label of (await text(service, "instances")).split(",")) {
    const endpoint = await text(`${label}.${service}`, "url");
    if (endpoint) told[label] = endpoint;
  }
  const labels = Object.keys(told).sort();
  const asked = labels[turn % labels.length];
  const said = { at, block, told: labels, asked };
  try {
    said.price = await (await fetch(`${told[asked]}/price`, { signal: AbortSignal.timeout(2000) })).json();
  } catch (error) {
    said.failed = `${error.cause?.code ?? error.name}`;
  }
  say(said);
  await new Promise((done) => setTimeout(done, 500));
}
