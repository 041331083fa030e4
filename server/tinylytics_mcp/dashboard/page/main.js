// Starts the page, with the answers that the host passes on.

const shown = { tool: null, args: {}, answer: null, sites: null, turn: 0 };

const textOf = (result) => (result?.content ?? []).map((block) => block.text ?? "").join("\n");
const say = (text) => { $("status").textContent = text; };

function fill(...views) {
  $("answers").replaceChildren(...views);
  say("");
  $("main").removeAttribute("aria-busy");
}

// Which tool gave an answer, by two fields that only its answers have: not every host says so.
function toolOf(answer) {
  return Object.keys(TOOLS).find((name) => TOOLS[name].own.every((field) => field in answer)) ?? null;
}

const structured = (result) => {
  if (result?.isError) return null;
  return result?.structuredContent?.headline ? result.structuredContent : fromText(textOf(result));
};

function viewOf(result) {
  const answer = structured(result);
  return answer ? answerView(answer, result._meta?.["tinylytics/chart"]) : errorView(textOf(result) || "The answer has no figures.");
}

function show(result) {
  shown.answer = structured(result) ?? shown.answer;
  shown.tool ??= shown.answer && toolOf(shown.answer);
  fill(viewOf(result));
  offerControls();
}

async function offerControls() {
  if (!host.canCall || !shown.tool) return;
  const offer = () => showControls(shown.tool, shown.args, shown.answer, shown.sites ?? [], ask);
  offer();
  if (shown.sites || !TOOLS[shown.tool]?.site) return;
  shown.sites = [];
  const listed = await host.call("list_sites", { limit: 50 }).then(structured, () => null);
  if (!listed) return; // there is no choice of sites; what is shown stands
  const id = listed.sites.columns.indexOf("id"), name = listed.sites.columns.indexOf("site");
  shown.sites = listed.sites.rows.map((row) => [String(row[id]), String(row[name])]);
  offer();
}

// The reader asks for something else; of several questions only the last one's answer is shown.
async function ask(args) {
  const turn = ++shown.turn;
  shown.args = args;
  $("main").setAttribute("aria-busy", "true");
  say("Loading…");
  const refused = (error) => ({ isError: true, content: [{ text: error.message }] });
  const result = await host.call(shown.tool, args).catch(refused);
  if (turn === shown.turn) show(result);
}

// Some hosts pass on only the text; some give the whole answer to a page that asks for it itself.
async function onPushed(result) {
  const turn = ++shown.turn;
  const pushed = structured(result);
  shown.tool = host.context.toolInfo?.tool?.name ?? (pushed && toolOf(pushed));
  if (result.isError || result.structuredContent?.headline || !host.canCall || !shown.tool) return show(result);
  const whole = await host.call(shown.tool, shown.args).catch(() => null);
  if (turn === shown.turn) show(structured(whole) ? whole : result); // the text half holds the same facts
}

async function start() {
  if (window.parent === window) return say("This page shows figures inside an MCP host.");
  host.onInput = (args) => { shown.args = args; };
  host.onResult = onPushed;
  host.onCancelled = () => say("The question was cancelled.");
  await host.connect();
}

start();
