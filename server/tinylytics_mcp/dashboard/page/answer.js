// Lays out one answer of any tool: a short headline, figures, pictures and notes.

const FRAME = [
  "headline", "complete", "notes", "visitor_data", "next_step", "requests_used", "requests_left", "stored_s", ...SCOPE,
];
// What the headline tells, with the line under it.
const WITH_HITS = [
  "hits", "hits_today", "compared_hits", "earlier_hits", "change", "change_percent", "compared", "compared_a_day", "earlier_a_day", "change_a_day",
  "usual_hits", "difference", "difference_percent", "kind", "explained", "compared_with", "peak", "before_a_day", "after_a_day", "sites_asked",
];
// What a picture tells: the series, a ranking's name, the row of the site's own pages.
const DRAWN = ["best", "worst", "outliers", "partial", "dimension", "internal_hits", "median", "names", "lasted"];
// What may not apply: where it is null, nothing is missing.
const MAY_BE_NULL = [...WITH_HITS, ...DRAWN, ...OF_UPTIME];

function answerView(answer, chart = {}) {
  const isOfHits = typeof answer.hits === "number" && (!answer.filters || "first_day" in answer);
  const isOfAll = isOverview(answer);
  const told = [...FRAME, ...(isOfAll ? ["kudos"] : []), ...(isOfHits ? [...WITH_HITS, ...DRAWN] : []), ...(isUptime(answer) ? OF_UPTIME : [])];
  const all = Object.entries(answer).filter(([name]) => !FRAME.includes(name));
  const rest = all.filter(([name]) => !told.includes(name));
  const isEmpty = isOfHits && answer.hits === 0 && !isOfAll;
  const unknown = isEmpty ? [] : all.filter(([name, value]) => value === null && !MAY_BE_NULL.includes(name)).map(([name]) => title(name).toLowerCase());
  const id = newId();
  const over = isUptime(answer) ? [] : [answer.site, days(answer), answer.time_zone === "user" && "the account's time zone",
    answer.filters && answer.filters !== "none" && answer.filters];
  const notes = [...(answer.notes ?? []).map((note) => readableDays(grouped(note))), unknown.length && `not known: ${unknown.join(", ")}`,
    answer.stored_s > 60 && `from stored answers, the oldest ${lasting(answer.stored_s)} old`].filter(Boolean);
  return el("article", { "aria-labelledby": id },
    el("header", {},
      over.length ? el("p", { class: "over" }, over.filter(Boolean).join(" · ")) : null,
      el("h1", { id, class: isOfHits || isUptime(answer) ? null : "long" }, ...headline(answer, isOfHits)),
      ...(isOfHits ? sentences(answer) : isUptime(answer) ? uptimeSentences(answer) : []).filter(Boolean).map((text) => el("p", { class: "under" }, text)),
      answer.complete === false && el("p", { class: "part soft" }, "Not everything was read: see the notes.")),
    isOfAll ? attention(answer, chart) : null,
    isEmpty ? el("p", { class: "calm" }, answer.filters && answer.filters !== "none"
      ? "No hit matches the filter. Paths and countries are matched exactly." : "Nobody came in these days, or nothing was counted yet.") : figures(answer, rest, isOfHits),
    isEmpty ? null : pictures(answer, rest.filter(([, value]) => isTable(value)), chart),
    facts(answer, rest),
    notes.length ? el("ul", { class: "notes", "aria-label": "Notes" }, ...notes.map((note) => el("li", {}, note))) : null);
}

function headline(answer, isOfHits) {
  if (isUptime(answer)) {
    const since = Date.parse(answer.down_since);
    return [`${answer.site} is `, pill(answer.status, answer.status === "down" && since ? `down since ${time(since)} UTC` : answer.status)];
  }
  if (!isOfHits) return [readableDays(answer.headline ?? "")];
  const hits = answer.hits === 0 ? "No hits" : plural(answer.hits, "hit");
  if (answer.kind) return [`${hits} `, changeMark(answer.difference, answer.difference_percent)];
  return [isOverview(answer) ? `${hits} on ${plural(answer.sites_asked, "site")} ` : `${hits} `, changeMark(answer.change, answer.change_percent)];
}

// Up or down, in a word, a sign and a colour.
function changeMark(change, percent) {
  if (typeof change !== "number") return null;
  if (change === 0 && percent === null) return null;
  if (change === 0) return el("span", { class: "same" }, "as many as before");
  const far = typeof percent === "number" ? `${numbers.format(Math.abs(percent) < 10 ? Math.abs(percent) : Math.round(Math.abs(percent)))}%` : numbers.format(Math.abs(change));
  const [kind, arrow, word] = change > 0 ? ["rise", "▲", "up"] : ["fall", "▼", "down"];
  return el("span", { class: kind }, el("span", { "aria-hidden": "true" }, `${arrow} `), `${word} ${far}`);
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

// The earlier days of a comparison: their number, and in words.
function earlierDays(answer) {
  const [, count, last] = String(answer.compared ?? "").match(/against (\d+) days? to (\S+)/) ?? [];
  return count ? { days: Number(count), text: Number(count) === 1 ? said("", last) : `the ${count} days to ${said("", last)}` } : { days: 0, text: "the days before" };
}

// Each change with the figures that it is made of; the later one only where it is not the hits themselves.
function sentences(answer) {
  if (answer.kind) {
    const usual = typeof answer.usual_hits === "number" && `${signed(answer.difference)} on ${numbers.format(answer.usual_hits)} ${/day/.test(answer.kind) ? "that are usual" : "before"} (${readableDays(answer.compared_with ?? "")})`;
    const isWhole = [answer.first_day, `${answer.first_day} to ${answer.last_day}`].includes(answer.explained);
    return [[capital(answer.kind) + (isWhole ? "" : `, ${readableDays(answer.explained)}`), usual].filter(Boolean).join(": "),
      answer.lasted && `${capital(answer.lasted.split(":")[0])}.`];
  }
  const { hits, hits_today: today, compared_hits: later, change, earlier_hits: earlier } = answer;
  const of = later === hits ? "" : `${numbers.format(later)} of them compared: `;
  const daily = typeof answer.change_a_day === "number" && `; a day ${numbers.format(answer.compared_a_day)} on ${numbers.format(answer.earlier_a_day)}, ${signed(answer.change_a_day)}`;
  return [
    typeof change === "number" && `${of}${change ? `${signed(change)} on ${numbers.format(earlier)}` : `${numbers.format(earlier)} as well`} ${earlierDays(answer).days === 1 ? "on" : "in"} ${earlierDays(answer).text}${daily || ""}`,
    typeof today === "number" && today !== hits && `${numbers.format(today)} of them today so far`,
    today === hits && "Today so far",
    isOverview(answer) && typeof answer.kudos === "number" && plural(answer.kudos, "kudo"),
  ];
}

function uptimeSentences(answer) {
  return [answer.status !== "up" && capital(answer.status_reason),
    answer.last_check !== "unknown" && `Last checked ${said("", answer.last_check)}${answer.last_status_code ? `, answered ${answer.last_status_code}` : ""}`];
}

const tile = (label, text, more = []) => el("div", {}, el("dt", {}, label), el("dd", {}, text),
  ...more.filter(Boolean).map((one) => el("dd", { class: "more" }, one)));

// "2026-11-03 and 2 more: 659 so far": the count, and of which days it is.
function bestTile(answer) {
  const [, day, more, count, rest] = String(answer.best ?? "").match(/^(\S+?)( and \d+ more)?: (\d+)(.*)$/) ?? [];
  return day ? tile(`Best ${answer.series?.columns?.[0] ?? "day"}`, numbers.format(Number(count)) + rest, [readableDays(day) + (more ?? "")]) : null;
}

function figures(answer, rest, isOfHits) {
  const tiles = rest.filter(([name, value]) => typeof value === "number" && name !== "last_status_code").map(([name, value]) => tile(title(name), said(name, value)));
  if (isUptime(answer)) tiles.unshift(...uptimeTiles(answer));
  if (isOfHits && typeof answer.median === "number" && answer.series?.rows?.length > 1) tiles.push(tile(`Median ${answer.series.columns[0]}`, numbers.format(answer.median)));
  if (isOfHits && isTable(answer.series)) tiles.push(bestTile(answer));
  if (isOfHits && typeof answer.after_a_day === "number") {
    tiles.push(tile("Hits a day before", numbers.format(answer.before_a_day)), tile("On the day", numbers.format(answer.peak)), tile("Hits a day after", numbers.format(answer.after_a_day)));
  }
  const shown = tiles.filter(Boolean);
  return shown.length ? el("dl", { class: "figures" }, ...shown) : null;
}

// The tables, some of them together: what rose and fell is one picture, what is empty or drawn already is none.
function pictures(answer, tables, chart) {
  const given = Object.fromEntries(tables), made = [];
  const isInOrder = ["hour", "weekday"].includes(answer.dimension);
  for (const [name, table] of tables) {
    if (isOverview(answer) && name === "sites") made.push(sitesView(table, chart));
    else if (name === "together") made.push(together(table));
    else if (["rose", "fell"].includes(name)) {
      if (!isInOrder && (name === "rose" || !given.rose)) made.push(movedView(answer, given.rose, given.fell));
    } else if (name === "series" && table.rows.length === 1) {
      if (chart.hours?.length) made.push(tableView(answer, name, hourly(chart.hours)));
    } else if (!(["new", "gone"].includes(name) && !table.rows.length)) made.push(tableView(answer, name, table, chart));
  }
  const shown = made.filter(Boolean);
  return shown.length ? el("div", { class: "tables" }, ...shown) : null;
}

const hourly = (hours) => ({
  columns: ["hour", "hits"], rows: hours.map((hits, hour) => [`${String(hour).padStart(2, "0")}:00`, hits]), of: hours.length, next_offset: null,
});

function movedView(answer, rose, fell) {
  const parts = [["rose", rose], ["fell", fell]].filter(([, table]) => table?.rows.length);
  if (!parts.length) return null;
  const [, { columns }] = parts[0];
  const note = parts.map(([word, table]) => `${numbers.format(table.rows.length)} of ${numbers.format(table.of)} that ${word}`).join(", ");
  const rows = parts.flatMap(([, table]) => table.rows);
  return tableView(answer, parts.length > 1 ? "rose_and_fell" : parts[0][0], { columns, rows, of: rows.length, next_offset: null, about: "change", note });
}

// The page and the source that the difference falls to together.
function together({ columns, rows: [row] }) {
  if (!row) return null;
  const at = (name) => row[columns.indexOf(name)];
  return el("p", { class: "wide" }, el("b", {}, called("page", at("page"))), " from ", el("b", {}, called("referrer", at("referrer"))),
    `: ${plural(at("hits"), "hit")}, usually ${numbers.format(at("usual_hits"))}.`);
}

function facts(answer, rest) {
  const told = rest.filter(([, value]) => ["string", "boolean"].includes(typeof value) || Array.isArray(value))
    .map(([name, value]) => [name, fact(answer, name, value)]).filter(([, text]) => text && text !== "none");
  if (!told.length) return null;
  return el("dl", { class: "facts" }, ...told.flatMap(([name, text]) => [el("dt", {}, title(name)), el("dd", {}, text)]));
}

// What visitors wrote stays as it is.
function fact(answer, name, value) {
  const isTheirs = (answer.visitor_data ?? "").split(":")[0].split(", ").includes(name);
  return isTheirs ? said(name, value) : readableDays(said(name, value));
}

// Something that is switched off is no failure, and looks like none.
function errorView(text) {
  const isOff = /^\S+( \S+)? monitoring is not enabled|not monitored/i.test(text);
  return el("article", {}, el("h1", {}, isOff ? pill("not monitored", "Not monitored") : "That did not work"),
    el("p", { class: isOff ? "calm" : "error", role: isOff ? null : "alert" }, text));
}
