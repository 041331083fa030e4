// Talks to the host over postMessage: the MCP Apps protocol of 2026-01-26, as much of it as a chart needs.

const host = {
  capabilities: {},
  context: {},
  onInput: () => {},
  onResult: () => {},
  onCancelled: () => {},

  pending: new Map(),
  lastId: 0,
  post: (message) => window.parent.postMessage({ jsonrpc: "2.0", ...message }, "*"),
  request(method, params) {
    return new Promise((resolve, reject) => {
      host.pending.set(++host.lastId, { resolve, reject });
      host.post({ id: host.lastId, method, params });
    });
  },
  get canCall() {
    return Boolean(host.capabilities.serverTools);
  },
  call: (name, args) => host.request("tools/call", { name, arguments: args }),
  async connect() {
    window.addEventListener("message", (event) => event.source === window.parent && host.receive(event.data));
    const started = await host.request("ui/initialize", {
      appInfo: { name: "tinylytics", version: "1" },
      appCapabilities: { availableDisplayModes: ["inline", "fullscreen"] },
      protocolVersion: "2026-01-26",
    });
    host.capabilities = started.hostCapabilities ?? {};
    host.dress(started.hostContext);
    host.post({ method: "ui/notifications/initialized", params: {} });
    new ResizeObserver(() => {
      const { width, height } = document.documentElement.getBoundingClientRect();
      host.post({ method: "ui/notifications/size-changed", params: { width: Math.ceil(width), height: Math.ceil(height) } });
    }).observe(document.documentElement);
  },
  receive(message) {
    if (message?.jsonrpc !== "2.0") return;
    if (message.method === undefined) return host.settle(message);
    const params = message.params ?? {};
    const known = {
      "ui/notifications/tool-input": () => host.onInput(params.arguments ?? {}),
      "ui/notifications/tool-result": () => host.onResult(params),
      "ui/notifications/tool-cancelled": () => host.onCancelled(),
      "ui/notifications/host-context-changed": () => host.dress(params),
    };
    if (message.id === undefined) return known[message.method]?.();
    if (message.method === "ping" || message.method === "ui/resource-teardown") host.post({ id: message.id, result: {} });
    else host.post({ id: message.id, error: { code: -32601, message: "Method not found" } });
  },
  settle({ id, result, error }) {
    const waiting = host.pending.get(id);
    host.pending.delete(id);
    if (error) waiting?.reject(new Error(error.message));
    else waiting?.resolve(result);
  },
  // The host's colours and fonts; its style sheets of fonts would need the network.
  dress(context) {
    Object.assign(host.context, context);
    const { style } = document.documentElement;
    if (["light", "dark"].includes(context?.theme)) style.colorScheme = context.theme;
    for (const [name, value] of Object.entries(context?.styles?.variables ?? {})) {
      if (value && name.startsWith("--")) style.setProperty(name, value);
    }
    for (const [side, room] of Object.entries(context?.safeAreaInsets ?? {})) {
      if (["top", "right", "bottom", "left"].includes(side)) document.body.style.setProperty(`padding-${side}`, `${Number(room)}px`);
    }
  },
};
