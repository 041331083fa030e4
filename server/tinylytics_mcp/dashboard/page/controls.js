// Lets the reader change period, site and dimension; shown only where the host lets the page call tools.

const OWN_DAYS = ["start_date", "end_date", "day"];

function select(label, options, chosen, change) {
  const made = el("select", {}, ...options.map(([value, text]) => el("option", { value, selected: value === chosen }, text)));
  made.addEventListener("change", () => change(made.value));
  return el("label", {}, label, made);
}

const named = (values) => values.map((value) => [value, title(value)]);

// `sites`: [id, name] of each; `change` gets the arguments of the next call.
function showControls(tool, args, answer, sites, change) {
  const takes = TOOLS[tool] ?? {};
  const others = (...dropped) => Object.fromEntries(Object.entries(args).filter(([name]) => ![...dropped, "offset"].includes(name)));
  const made = [];
  if (takes.period) {
    const own = OWN_DAYS.some((name) => name in args) ? [["", days(answer ?? {}) ?? "Own dates"]] : [];
    const chosen = own.length ? "" : args.period ?? DEFAULT_PERIOD;
    made.push(select("Period", [...own, ...named(PERIODS)], chosen, (value) =>
      value && change({ ...others("period", ...OWN_DAYS), period: value })));
  }
  if (takes.site && sites.length > 1) {
    const chosen = [args.site, String(answer?.site_id)].find((id) => sites.some(([known]) => known === id));
    const none = chosen === undefined ? [["", "Choose one"]] : [];
    made.push(select("Site", [...none, ...sites], chosen ?? "", (value) =>
      value && change({ ...others("site", "path"), site: value })));
  }
  if (takes.dimension) {
    made.push(select("By", named(takes.dimension), args.dimension ?? answer?.dimension, (value) =>
      change({ ...others("dimension", "search", "exclude"), dimension: value })));
  }
  const focused = [...$("controls").children].findIndex((child) => child.contains(document.activeElement));
  $("controls").replaceChildren(...made);
  $("controls").hidden = !made.length;
  $("controls").children[focused]?.querySelector("select").focus();
}
