// The first TypeScript SDK's client, which most hosts are still built on, over every transport.

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { SSEClientTransport } from "@modelcontextprotocol/sdk/client/sse.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";

import { address, print, server } from "./steps.mjs";

const over = (transport) => async (answer) => {
  const client = new Client({ name: "v1", version: "1" }, { capabilities: { elicitation: {} } });
  client.setRequestHandler(ElicitRequestSchema, async (request) => answer(request));
  await client.connect(transport);
  return { client, server: client.getServerVersion() };
};

await print({
  "v1-stdio": over(new StdioClientTransport(server)),
  "v1-http": over(new StreamableHTTPClientTransport(new URL(`${address}/mcp`))),
  "v1-sse": over(new SSEClientTransport(new URL(`${address}/sse`))),
});
