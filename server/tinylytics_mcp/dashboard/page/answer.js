// Lays out one answer of any tool: its headline, figures, tables and notes.

const FRAME = [
  "headline", "complete", "notes", "visitor_data", "next_step", "requests_used", "requests_left", "stored_s", ...SCOPE,
];

function answerView(answer, level) {
  const rest = Object.entries(answer).filter(([name]) => !FRAME.includes(name));
  const tables = rest.filter(([, value]) => isTable(value));
  const unknown = rest.filter(([name, value]) => value === null && !MAY_BE_NULL.includes(name)).map(([name]) => title(name).toLowerCase());
  const id = newId();
  const over = [answer.site, days(answer), answer.time_zone === "user" && "the account's time zone",
    answer.filters && answer.filters !== "none" && answer.filters];
  const notes = [...(answer.notes ?? []), unknown.length && `not known: ${unknown.join(", ")}`,
    answer.stored_s > 60 && `from stored answers, the oldest ${lasting(answer.stored_s)} old`].filter(Boolean);
  return el("article", { "aria-labelledby": id },
    el("header", {},
      el("p", { class: "over" }, over.filter(Boolean).join(" · ")),
      el(level, { id }, answer.headline ?? ""),
      answer.complete === false && el("p", { class: "part soft" }, "Not everything was read: see the notes.")),
    figures(answer, rest),
    tables.length ? el("div", { class: "tables" }, ...tables.map(([name, table]) => tableView(answer, name, table, level === "h1" ? "h2" : "h3"))) : null,
    facts(answer, rest),
    notes.length ? el("ul", { class: "notes", "aria-label": "Notes" }, ...notes.map((note) => el("li", {}, note))) : null);
}

const WITH_HITS = ["compared_hits", "earlier_hits", "change", "change_percent", "compared"];
// What may not apply: where it is null, nothing is missing.
const MAY_BE_NULL = [...WITH_HITS, "best", "worst", "median"];
// What the chart shows.
const DRAWN = ["status", "partial"];

const isBesideHits = (answer, name) => WITH_HITS.includes(name) && typeof answer.hits === "number" && typeof answer.change === "number";

function figures(answer, rest) {
  const shown = rest.filter(([name, value]) => typeof value === "number" && !isBesideHits(answer, name));
  const tiles = shown.map(([name, value]) => {
    const more = name === "hits" && typeof answer.change === "number" ? el("small", {}, changeWords(answer)) : null;
    const label = name === "median" && isTable(answer.series) ? `Median ${answer.series.columns[0]}` : title(name);
    return el("div", {}, el("dt", {}, label), el("dd", {}, said(name, value), more));
  });
  if (typeof answer.status === "string") {
    tiles.unshift(el("div", {}, el("dt", {}, "Status"), el("dd", { class: light(answer.status) }, answer.status)));
  }
  return tiles.length ? el("dl", { class: "figures" }, ...tiles) : null;
}

const light = (status) => (["up", "down"].includes(status) ? status : null);

// The change with the figures that it is made of; the later one only where it is not the hits themselves.
function changeWords({ hits, compared_hits: later, change, change_percent: percent, earlier_hits: earlier }) {
  const of = later === hits ? "" : `${numbers.format(later)} of them compared: `;
  const relative = typeof percent === "number" ? `, ${said("change", percent)} %` : "";
  return of + (change === 0 ? "as many as before" : `${said("change", change)}${relative} on ${numbers.format(earlier)} before`);
}

function facts(answer, rest) {
  const told = rest.filter(([name, value]) => !DRAWN.includes(name) && (["string", "boolean"].includes(typeof value) || Array.isArray(value)))
    .map(([name, value]) => [name, fact(answer, name, value)]).filter(([, text]) => text && text !== "none");
  if (!told.length) return null;
  return el("dl", { class: "facts" }, ...told.flatMap(([name, text]) => [el("dt", {}, title(name)), el("dd", {}, text)]));
}

// Days in our own words become readable; what visitors wrote stays as it is.
function fact(answer, name, value) {
  const text = said(name, value);
  const isTheirs = (answer.visitor_data ?? "").split(":")[0].split(", ").includes(name);
  return isTheirs ? text : text.replace(/\b\d{4}-\d\d(-\d\d)?\b(?!T)/g, (day, isDay) => (isDay ? fullDay : month)(Date.parse(day)));
}

const errorView = (text, level) =>
  el("article", {}, el(level, {}, "No figures"), el("p", { class: "error", role: "alert" }, text));
