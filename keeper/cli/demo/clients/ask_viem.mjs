// viem as it comes, pointed at the Registry: finds the price service by name, and asks its instances in turn.
// ask_viem.mjs RPC_URL CHAIN_ID REGISTRY SERVICE NAME.. says the addresses of the names first, then a line for each question.
import { createPublicClient, defineChain, http } from "viem";
import { normalize } from "viem/ens";

const [url, chainId, registry, service, ...names] = process.argv.slice(2);
const chain = defineChain({
  id: Number(chainId),
  name: "here",
  nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
  rpcUrls: { default: { http: [url] } },
  contracts: { ensUniversalResolver: { address: registry } },
});
const client = createPublicClient({ chain, transport: http(url), cacheTime: 0 });
const say = (said) => process.stdout.write(`${JSON.stringify(said)}\n`);
const text = (name, key) => client.getEnsText({ name: normalize(name), key });

const found = {};
for (const name of names) found[name] = await client.getEnsAddress({ name: normalize(name) });
say({ names: found });
for (let turn = 0; ; turn++) {
  const at = Date.now() / 1000;
  const block = Number(await client.getBlockNumber({ cacheTime: 0 }));
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
