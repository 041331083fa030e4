// The second TypeScript SDK's client over every transport, in each way that it can settle the era.

import { Client, SSEClientTransport, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";

import { address, print, server } from "./steps.mjs";

const MODES = { legacy: "legacy", auto: "auto", pinned: { pin: "2026-07-28" } };
const TRANSPORTS = {
  stdio: () => new StdioClientTransport(server),
  http: () => new StreamableHTTPClientTransport(new URL(`${address}/mcp`)),
  sse: () => new SSEClientTransport(new URL(`${address}/sse`)),
};

const over = (open, mode) => async (answer) => {
  const capabilities = { elicitation: { form: {} } };
  const client = new Client({ name: "v2", version: "1" }, { capabilities, versionNegotiation: { mode } });
  client.setRequestHandler("elicitation/create", async (request) => answer(request));
  await client.connect(open());
  return { client, server: client.getServerVersion(), protocol: client.getNegotiatedProtocolVersion() };
};

const connections = {};
for (const [transport, open] of Object.entries(TRANSPORTS)) {
  for (const [name, mode] of Object.entries(MODES)) connections[`v2-${transport}-${name}`] = over(open, mode);
}
await print(connections);
