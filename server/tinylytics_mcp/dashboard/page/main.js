// Starts the page: with the answers that a report brings along, else with those that the host passes on.

const shown = { tool: null, args: {}, answer: null, sites: null, turn: 0 };

const textOf = (result) => (result?.content ?? []).map((block) => block.text ?? "").join("\n");
const say = (text) => { $("status").textContent = text; };

function fill(...views) {
  $("answers").replaceChildren(...views);
  say("");
  $("main").removeAttribute("aria-busy");
}

// Which tool gave an answer, by the fields that it always has: not every host says so.
function toolOf(answer) {
  const fitting = Object.keys(TOOLS).filter((name) => TOOLS[name].always.every((field) => field in answer));
  return fitting.sort((a, b) => TOOLS[b].always.length - TOOLS[a].always.length)[0] ?? null;
}

function draw(answer) {
  shown.answer = answer;
  shown.tool ??= toolOf(answer);
  fill(answerView(answer, "h1"));
  offerControls();
}

function fail(text) {
  fill(errorView(text, "h1"));
  offerControls();
}

async function offerControls() {
  if (!host.canCall || !shown.tool) return;
  const offer = () => showControls(shown.tool, shown.args, shown.answer, shown.sites ?? [], (args) => ask(args));
  offer();
  if (shown.sites || !TOOLS[shown.tool]?.site) return;
  shown.sites = [];
  try {
    const { sites } = structured(await host.call("list_sites", { limit: 50 }));
    const id = sites.columns.indexOf("id"), name = sites.columns.indexOf("site");
    shown.sites = sites.rows.map((row) => [String(row[id]), String(row[name])]);
    offer();
  } catch {
    // without the list there is no choice of sites; what is shown stands
  }
}

const structured = (result) => (result?.isError ? null : result?.structuredContent?.headline ? result.structuredContent : fromText(textOf(result)));

// The reader asks for something else; of several questions only the last one's answer is shown.
async function ask(args) {
  const turn = ++shown.turn;
  shown.args = args;
  $("main").setAttribute("aria-busy", "true");
  say("Loading…");
  try {
    const result = await host.call(shown.tool, args);
    if (turn === shown.turn) receive(result);
  } catch (error) {
    if (turn === shown.turn) fail(error.message);
  }
}

function receive(result) {
  const answer = structured(result);
  if (answer) draw(answer);
  else fail(textOf(result) || "The answer has no figures.");
}

// Some hosts pass on only the text; some give the whole answer to a page that asks for it itself.
async function onPushed(result) {
  const turn = ++shown.turn;
  const pushed = structured(result);
  shown.tool = host.context.toolInfo?.tool?.name ?? (pushed && toolOf(pushed));
  if (result.isError || result.structuredContent?.headline || !host.canCall || !shown.tool) return receive(result);
  let whole = null;
  try {
    whole = structured(await host.call(shown.tool, shown.args));
  } catch {
    // refused: the text half holds the same facts
  }
  if (turn !== shown.turn) return;
  if (whole) draw(whole);
  else receive(result);
}

async function start() {
  const brought = JSON.parse($("data").textContent);
  if (brought) {
    document.title = brought.title;
    const views = brought.answers.map((result, i) => {
      const answer = structured(result), level = i ? "h2" : "h1";
      return answer ? answerView(answer, level) : errorView(textOf(result), level);
    });
    return fill(...views);
  }
  if (window.parent === window) return say("This page shows figures inside an MCP host.");
  host.onInput = (args) => { shown.args = args; };
  host.onResult = onPushed;
  host.onCancelled = () => say("The question was cancelled.");
  await host.connect();
}

start();
