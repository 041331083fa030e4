// Draws lists as tables: a ranking has a bar behind each name, a change one to its side.

const COUNTS = ["hits", "kudos", "visitors", "views", "visits", "compared_hits", "earlier_hits"];
const CHANGES = ["change", "difference"];
// Columns that make way on a phone, where a table has others.
const MINOR = ["percent", "unique_hits", "change_percent", "a_day", "per_100_views", "few_views"];

function isTable(value) {
  return value !== null && typeof value === "object" && Array.isArray(value.columns) && Array.isArray(value.rows);
}

const numeric = (table, i) =>
  table.rows.some((row) => typeof row[i] === "number") && table.rows.every((row) => row[i] === null || typeof row[i] === "number");

// Without the numbers of what is also named.
function readable(table) {
  const kept = table.columns.map((column) => column !== "id" || !table.columns.includes("site"));
  const keep = (cells) => cells.filter((_, i) => kept[i]);
  return { ...table, columns: keep(table.columns), rows: table.rows.map(keep) };
}

// What the rows are of: a country, a page.
const ofRows = (answer, column) => (column === "name" ? answer.dimension ?? column : column);

// One table in the way that suits it, under its name.
function tableView(answer, name, whole, chart = {}) {
  const table = readable(whole);
  const isSeries = name === "series" && table.columns.length > 1;
  const isInOrder = name === "ranking" && ["hour", "weekday"].includes(answer.dimension);
  const heading = isSeries ? `${title(table.columns[1])} by ${table.columns[0]}` : name === "ranking" ? `Hits by ${answer.dimension}` : TITLES[name] ?? title(name);
  const shown = table.rows.length - (isOther(table, table.rows.length - 1) ? 1 : 0);
  const part = table.note ?? (!isSeries && shown < table.of && `${numbers.format(shown)} of ${numbers.format(table.of)}`);
  const picture = !table.rows.length ? el("p", { class: "calm" }, "None in these days.")
    : isSeries ? trend(answer, table, chart)
    : isInOrder && answer.hits ? ofEach(answer, table)
    : listed(answer, name, table, heading);
  const head = el("h2", { class: "name", tabindex: "-1" }, heading, part ? el("small", {}, ` ${part}`) : null);
  const isWide = isSeries || isInOrder || table.columns.length > 4 || (table.rows.length > 0 && !bars(table));
  const view = el("div", { class: isWide ? "wide" : null }, head, picture);
  const on = wayOn(answer, name, whole);
  if (on) view.append(moreButton(on, whole, (longer) => {
    const next = tableView(answer, name, longer, chart);
    view.replaceWith(next);
    next.firstChild.focus();
  }));
  return view;
}

const TITLES = { rose_and_fell: "Rose and fell", new: "New: no hit before", gone: "Gone: no hit now" };

function listed(answer, name, table, heading) {
  if (table.columns.includes("started") && table.columns.includes("ended")) return outages(answer, table, heading);
  const found = bars(table);
  return found ? barTable(answer, name, table, heading, found) : plainTable(table, heading);
}

// Which column is a ranking's name and which its count, or its change; null for a list that is none.
function bars(table) {
  const isMoved = table.about ?? table.columns.includes("difference");
  const count = table.columns.findIndex((column, i) => (isMoved ? CHANGES : COUNTS).includes(column) && numeric(table, i));
  const label = table.columns.findIndex((_, i) => table.rows.every((row) => typeof row[i] === "string"));
  return count < 0 || label < 0 ? null : { label, count, isMoved };
}

const side = (value) => (value > 0 ? "rise" : value < 0 ? "fall" : null);

const isOther = (table, i) =>
  ["percent", "usual_hits"].includes(table.columns[2]) && i === table.rows.length - 1 && table.rows[i]?.[0] === "other";

function barTable(answer, name, table, heading, { label, count, isMoved }) {
  const most = Math.max(1, ...table.rows.map((row, i) => (isOther(table, i) ? 0 : Math.abs(row[count] ?? 0))));
  const of = ofRows(answer, table.columns[label]);
  const length = (row) => Math.min(1, Math.abs(row[count] ?? 0) / most);
  const rect = (x, width, kind) => svg("rect", { x: `${x.toFixed(2)}%`, width: `${width.toFixed(2)}%`, height: "100%", rx: 2, class: kind });
  const head = (row, i) => {
    const bar = isMoved || isOther(table, i) ? null : svg("svg", { "aria-hidden": "true" }, rect(0, 100 * length(row)));
    const shown = called(of, row[label]);
    return el("th", { scope: "row", class: isMoved ? null : "bar" }, bar, el("span", { title: shown === row[label] ? null : row[label] }, shown));
  };
  const sides = table.rows.map((row) => Math.sign(row[count] ?? 0));
  const zero = !sides.includes(-1) ? 0 : sides.includes(1) ? 50 : 100, room = zero === 50 ? 50 : 100;
  const change = (row, i, text) => {
    const value = row[count] ?? 0, far = room * length(row);
    return el("td", { class: "both" },
      svg("svg", { "aria-hidden": "true" }, svg("line", { x1: `${zero}%`, x2: `${zero}%`, y1: 0, y2: "100%" }),
        isOther(table, i) ? null : rect(value < 0 ? zero - far : zero, far, value < 0 ? "fell" : "rose")),
      el("span", { class: side(value) }, text));
  };
  const own = name === "referrers" || of === "referrer" ? answer.internal_hits : 0;
  const apart = own && !table.about && table.columns.includes("percent")
    ? table.columns.map((column, i) => (i === label ? "The site's own pages, no source" : column === "hits" ? own : column === "percent" ? Math.round((1000 * own) / answer.hits) / 10 : null)) : null;
  return framed(table, heading, label, head, isMoved ? { [count]: change } : {}, apart);
}

const plainTable = (table, heading, unit) =>
  framed(table, heading, 0, (row) => el("th", { scope: "row" }, unit ? bucket(unit, row[0]).full : said(table.columns[0], row[0])));

// `head` and `cells` draw a row's name and single columns; `apart` is a last row that is no part of the list.
function framed(table, heading, label, head, cells = {}, apart = null) {
  const align = table.columns.map((column, i) => [
    i !== label && numeric(table, i) && "number", table.columns.length > 3 && MINOR.includes(column) && "minor"].filter(Boolean).join(" ") || null);
  const row = (row, i, kind) => el("tr", { class: kind }, ...row.map((value, k) => {
    const text = said(table.columns[k], value);
    if (k === label) return kind === "other apart" ? el("th", { scope: "row" }, value) : head(row, i);
    return cells[k] ? cells[k](row, i, text) : el("td", { class: align[k] ?? (typeof value === "string" ? "text" : null) },
      CHANGES.includes(table.columns[k]) ? el("span", { class: side(value) }, text) : text);
  }));
  const made = el("table", { "aria-label": heading },
    el("thead", {}, el("tr", {}, ...table.columns.map((column, i) => el("th", { scope: "col", class: cells[i] ? "both" : align[i] }, title(column))))),
    el("tbody", {}, ...table.rows.map((cells, i) => row(cells, i, isOther(table, i) ? "other" : null)), apart && row(apart, -1, "other apart")));
  const holder = el("div", { class: "scroll" }, made);
  onWidth(holder, () => {
    const isCut = holder.scrollWidth > holder.clientWidth;
    for (const [name, value] of [["tabindex", "0"], ["role", "group"], ["aria-label", heading]]) {
      if (isCut) holder.setAttribute(name, value);
      else holder.removeAttribute(name);
    }
  });
  return holder;
}

const DIMENSIONS = { pages: "path", referrers: "referrer", countries: "country", browsers: "browser", platforms: "platform" };
const WINDOW = ["site", "period", "start_date", "end_date", "time_zone", "country", "path", "referrer"];
const MORE = 20;

// The call that gives the next rows of a ranking; null where there are none, or the host takes no calls.
function wayOn(answer, name, table) {
  if (!host.canCall || !table.next_offset) return null;
  const following = { limit: MORE, offset: table.next_offset };
  if (shown.tool === "rank_traffic" && name === "ranking") return { ...shown.args, ...following };
  if (shown.tool !== "summarize_traffic" || !DIMENSIONS[name]) return null;
  const asked = Object.fromEntries(WINDOW.filter((field) => field in shown.args).map((field) => [field, shown.args[field]]));
  return { site: String(answer.site_id), ...asked, dimension: DIMENSIONS[name], compare: "none", ...following };
}

function moreButton(args, table, show) {
  const button = el("button", { type: "button" }, "Show more");
  button.addEventListener("click", async () => {
    button.disabled = true;
    const answer = await host.call("rank_traffic", args).then(structured, () => null);
    if (answer?.ranking) return show(longer(table, answer));
    button.replaceWith(el("p", { class: "soft", role: "alert" }, "The next rows could not be read."));
  });
  return button;
}

// The table with the rows that follow; what all others have is less by theirs.
function longer(table, { ranking, hits }) {
  const at = table.columns.map((column, i) => (i ? ranking.columns.indexOf(column) : 0));
  const rest = isOther(table, table.rows.length - 1) ? table.rows.at(-1) : null;
  const before = rest ? table.rows.slice(0, -1) : table.rows;
  const more = ranking.rows.filter((_, i) => !isOther(ranking, i)).map((row) => at.map((k) => (k < 0 ? null : row[k])));
  const left = (rest?.[1] ?? 0) - more.reduce((sum, row) => sum + row[1], 0);
  const other = rest && left > 0 ? [["other", left, Math.round((1000 * left) / hits) / 10, ...rest.slice(3)]] : [];
  return { ...table, rows: [...before, ...more, ...other], next_offset: ranking.next_offset };
}
