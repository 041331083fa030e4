// Draws lists as tables: a ranking has a bar behind each name.

const COUNTS = ["hits", "kudos", "visitors", "views", "visits", "compared_hits", "earlier_hits"];

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

// One table in the way that suits it, under its name.
function tableView(answer, name, whole, level) {
  const table = readable(whole);
  const heading = name === "series" && table.columns.length > 1 ? `${title(table.columns[1])} by ${table.columns[0]}` : title(name);
  const shown = table.rows.length - (isOther(table, table.rows.length - 1) ? 1 : 0);
  const drawn = !table.rows.length ? el("p", { class: "soft" }, "None.") : name === "series" ? trend(answer, table) : listed(answer, table, heading);
  const isWide = name === "series" || table.columns.length > 4 || (table.rows.length > 0 && !bars(table));
  return el("div", { class: isWide ? "wide" : null },
    el("div", { class: "head" }, el(level, { class: "name" }, heading), shown < table.of && el("small", {}, `${numbers.format(shown)} of ${numbers.format(table.of)}`)),
    drawn);
}

function listed(answer, table, heading) {
  if (table.columns.includes("started") && table.columns.includes("ended")) {
    return el("div", {}, outages(answer, table), plainTable(table, heading));
  }
  const found = bars(table);
  return found ? barTable(table, heading, found) : plainTable(table, heading);
}

// Which column is a ranking's name and which its count; null for a list that is none.
function bars(table) {
  const count = table.columns.findIndex((column, i) => COUNTS.includes(column) && numeric(table, i));
  const label = table.columns.findIndex((_, i) => table.rows.every((row) => typeof row[i] === "string"));
  return count < 0 || label < 0 ? null : { label, count };
}

const isOther = (table, i) => table.columns[2] === "percent" && i === table.rows.length - 1 && table.rows[i]?.[0] === "other";

function barTable(table, heading, { label, count }) {
  const most = Math.max(1, ...table.rows.map((row, i) => (isOther(table, i) ? 0 : row[count] ?? 0)));
  return framed(table, heading, label, (row, i) => {
    const share = isOther(table, i) ? 0 : Math.max(0, (row[count] ?? 0) / most);
    const bar = svg("svg", { "aria-hidden": "true" }, svg("rect", { width: `${(100 * share).toFixed(2)}%`, height: "100%", rx: 2 }));
    return el("th", { scope: "row", class: "bar" }, bar, el("span", {}, said(table.columns[label], row[label])));
  });
}

const plainTable = (table, heading) => framed(table, heading, 0, (row) => el("th", { scope: "row" }, cell(table, row, 0)));

function cell(table, row, i) {
  const column = table.columns[i];
  return table.columns[0] === column && ["day", "week", "month", "year"].includes(column) ? bucket(column, row[i]).full : said(column, row[i]);
}

function framed(table, heading, label, head) {
  const align = table.columns.map((_, i) => (i !== label && numeric(table, i) ? "number" : null));
  const body = table.rows.map((row, i) => el("tr", { class: isOther(table, i) ? "other" : null },
    ...row.map((value, k) => k === label ? head(row, i) : el("td", { class: align[k] ?? (typeof value === "string" ? "text" : null) },
      el("span", { class: table.columns[k] === "status" ? light(value) : null }, cell(table, row, k))))));
  const made = el("table", { "aria-label": heading },
    el("thead", {}, el("tr", {}, ...table.columns.map((column, i) => el("th", { scope: "col", class: align[i] }, title(column))))),
    el("tbody", {}, ...body));
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
