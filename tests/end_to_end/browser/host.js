// A host of MCP Apps as the tests need it: the official bridge around the page, tools called by the test.
import { AppBridge, PostMessageTransport } from "@modelcontextprotocol/ext-apps/app-bridge";

// The policy that the specification sets for a page that asks for none.
const POLICY =
  "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
  "media-src 'self' data:; object-src 'none'; connect-src 'none'";

window.mount = ({ html, args, result, context, canCall }) =>
  new Promise((mounted) => {
    const frame = document.createElement("iframe");
    frame.title = "chart";
    frame.setAttribute("sandbox", "allow-scripts");
    frame.style.cssText = "display: block; width: 100%; border: 0";
    frame.srcdoc = html.replace("<head>", `<head><meta http-equiv="Content-Security-Policy" content="${POLICY}">`);
    document.body.append(frame);
    const bridge = new AppBridge(null, { name: "test", version: "1" }, canCall ? { serverTools: {} } : {}, {
      hostContext: context,
    });
    bridge.oncalltool = ({ name, arguments: given }) => window.callTool(name, given ?? {});
    bridge.onsizechange = ({ height }) => { frame.style.height = `${height}px`; };
    bridge.oninitialized = async () => {
      await bridge.sendToolInput({ arguments: args });
      await bridge.sendToolResult(result);
      mounted();
    };
    window.bridge = bridge;
    const transport = new PostMessageTransport(frame.contentWindow, frame.contentWindow);
    const send = transport.send.bind(transport);
    window.answered = 0; // calls of the page whose answer is on its way
    transport.send = async (message, options) => {
      await send(message, options);
      if ("result" in message || "error" in message) window.answered += 1;
    };
    bridge.connect(transport);
  });
