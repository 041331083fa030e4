// Draws a series as columns, the earlier period behind it.

const HEIGHT = 200, TOP = 18, BOTTOM = 24;

function ticks(most) {
  const size = 10 ** Math.floor(Math.log10(Math.max(most, 1)));
  const step = [0.25, 0.5, 1, 2, 2.5].map((part) => part * size).find((part) => part >= 1 && most / part <= 4) ?? size * 5;
  const whole = Math.max(1, Math.round(step));
  return Array.from({ length: Math.ceil(Math.max(most, 1) / whole) + 1 }, (_, i) => i * whole);
}

// How high the scale goes: a few values far above all others do not flatten these.
function reach(values) {
  const sorted = values.toSorted((a, b) => a - b), most = sorted.at(-1);
  const ordinary = 1.2 * sorted[Math.floor(0.9 * (sorted.length - 1))];
  return sorted.length >= 8 && ordinary >= 5 && most > 2 * ordinary ? ordinary : most;
}

// Without a relative change the earlier days are no measure: the site is younger than they are, or nobody came.
const isMeasured = (answer) => typeof answer.change_percent === "number" && answer.earlier_hits > 0;

// A list as the structured half has it, or as the text half tells it.
const listOf = (value) => (Array.isArray(value) ? value : typeof value === "string" ? value.split(", ") : []);

// How many days of the answer each bucket covers; the first and the last may be parts.
function bucketDays(answer, names) {
  const first = Date.parse(answer.first_day), end = Date.parse(answer.last_day) + DAY;
  const starts = [...names.map((name) => Math.max(Date.parse(name), first)), end];
  return names.map((_, i) => Math.round((starts[i + 1] - starts[i]) / DAY));
}

// The earlier hits behind each bucket, null where there are none, and what the line is called.
function earlierHits(answer, names, pieces) {
  const { days, text } = earlierDays(answer);
  if (!isMeasured(answer) || !days) return null;
  const each = bucketDays(answer, names);
  const rates = (pieces ?? []).flatMap(([days, hits]) => Array(days).fill(hits / days));
  if (rates.length !== days) {
    const average = answer.earlier_hits / days;
    return { values: each.map((count) => average * count), label: `average of ${text}, ${numbers.format(Math.round(average))} a day`, told: "earlier average" };
  }
  let from = 0;
  const values = each.map((count) => {
    const part = rates.slice(from, (from += count));
    return part.length === count ? part.reduce((sum, rate) => sum + rate, 0) : null;
  });
  return { values, label: text, told: pieces.every(([days]) => days === 1) ? "before" : "before, about" };
}

function trend(answer, table, chart) {
  const [unit, what] = table.columns;
  const partial = listOf(answer.partial), outliers = listOf(answer.outliers);
  const marks = (name) => [
    partial.includes(name) && `not a whole ${unit}`,
    String(answer.best).startsWith(name) && "best",
    String(answer.worst).startsWith(name) && "worst",
    outliers.includes(name) && "outlier",
  ];
  const before = unit === "hour" ? null : earlierHits(answer, table.rows.map((row) => row[0]), chart.earlier);
  return drawn(table, unit, what, before, marks);
}

// Hours and weekdays of a ranking, in their own order, before and now.
function ofEach(answer, table) {
  const at = table.columns.indexOf("earlier_hits");
  const before = at < 0 || !isMeasured(answer) ? null : { values: table.rows.map((row) => row[at]), label: earlierDays(answer).text, told: "before" };
  return drawn(table, answer.dimension, "hits", before, () => []);
}

function drawn(table, unit, what, before, marks) {
  const names = table.rows.map((row) => row[0]), values = table.rows.map((row) => row[1] ?? 0);
  const heading = `${title(what)} by ${unit}`;
  const told = table.rows.map(([name, count], i) => [
    `${said(what, count, "unknown")} ${what}`, ...marks(name), before && before.values[i] !== null && `${before.told} ${numbers.format(Math.round(before.values[i]))}`,
  ].filter(Boolean).join(", "));
  const stops = names.map((name, i) => ({ title: bucket(unit, name).full, text: told[i] }));
  const open = names.map((name) => marks(name)[0] === `not a whole ${unit}`);
  const known = before?.values.filter((value) => value !== null) ?? [];
  const most = Math.max(reach(values), known.length ? reach(known) : 0);
  const top = ticks(most).at(-1);
  const cut = names.flatMap((name, i) => (values[i] > top ? `${bucket(unit, name).short} ${numbers.format(values[i])}` : []));
  return el("figure", {},
    scrubbed(heading, stops, (width) => columns(width, unit, names, values, open, before?.values, most)),
    el("figcaption", { class: "legend soft" },
      before && el("span", {}, line("before"), before.label),
      open.some(Boolean) && el("span", {}, line("column open", true), `not a whole ${unit}`),
      cut.length ? el("span", {}, `Cut: ${cut.join(", ")}`) : null,
      known.some((value) => value > top) && el("span", {}, "the dashed line is cut too")),
    el("details", {}, el("summary", {}, "As a table"), plainTable(table, heading, unit)));
}

const line = (name, solid = false) => svg("svg", { viewBox: "0 0 22 10", "aria-hidden": "true" },
  solid ? svg("rect", { class: name, x: 1, y: 1, width: 20, height: 8 }) : svg("path", { class: name, d: "M0 5H22" }));

function columns(width, unit, names, values, open, before, most) {
  const scale = ticks(most), top = scale.at(-1);
  const left = 10 + 7 * numbers.format(top).length, right = 4;
  const slot = (width - left - right) / values.length, bar = Math.max(1, Math.min(slot * 0.72, 56));
  const x = (i) => left + slot * (i + 0.5), y = (value) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - Math.min(value, top) / top);
  const picture = svg("svg", { width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}` });
  for (const value of scale) {
    picture.append(
      svg("line", { class: "grid", x1: left, x2: width - right, y1: y(value), y2: y(value) }),
      svg("text", { x: left - 8, y: y(value) + 4, "text-anchor": "end" }, numbers.format(value)));
  }
  const marks = values.map((value, i) => {
    const height = value > 0 ? Math.max(1.5, y(0) - y(value)) : 0;
    return svg("rect", {
      class: open[i] ? "column open" : "column", x: x(i) - bar / 2, y: y(0) - height, width: bar, height, rx: Math.min(2, bar / 3),
    });
  });
  picture.append(...marks);
  if (before) {
    let pen = "M";
    const path = before.map((value, i) => (value === null ? ((pen = "M"), "") : `${pen}${x(i)} ${y(value)}${((pen = "L"), "")}`)).join("");
    picture.append(svg("path", { class: "before", d: path }));
  }
  let free = -Infinity;
  values.forEach((value, i) => {
    if (value <= top) return;
    const from = x(i) - bar / 2 - 2, half = bar / 2 + 2;
    picture.append(svg("path", { class: "break", d: `M${from} ${TOP + 12}l${half} -5l${half} 5` }));
    if (x(i) < free) return;
    free = x(i) + 2 + 6.5 * numbers.format(value).length;
    picture.append(svg("text", { class: "cut", x: x(i), y: TOP - 6, "text-anchor": "middle" }, numbers.format(value)));
  });
  const every = Math.ceil(values.length / Math.max(1, Math.floor((width - left) / (unit === "hour" ? 34 : 68))));
  names.forEach((name, i) => {
    if (i % every === 0) {
      picture.append(svg("text", { x: x(i), y: HEIGHT - 6, "text-anchor": "middle" }, bucket(unit, name).short));
    }
  });
  return { picture, marks, at: values.map((_, i) => x(i)) };
}

// Hits a day of pieces of days; few hits need longer pieces to show more than single visits.
function daily(pieces) {
  const hits = pieces.reduce((sum, [, one]) => sum + one, 0);
  const size = Math.min(7, Math.ceil((3 * pieces.length) / Math.max(1, hits)));
  return Array.from({ length: Math.floor(pieces.length / size) }, (_, i) => {
    const part = pieces.slice(i * size, (i + 1) * size);
    return part.reduce((sum, [, one]) => sum + one, 0) / part.reduce((sum, [days]) => sum + days, 0);
  });
}

// A small line of a site's days; `pieces`: days and hits of each.
function sparkline(pieces) {
  const rates = daily(pieces ?? []), most = Math.max(reach(rates), 0.1);
  if (rates.length < 4) return null;
  const at = (rate, i) => `${((100 * i) / (rates.length - 1)).toFixed(1)} ${(26 - 24 * Math.min(1, rate / most)).toFixed(1)}`;
  const points = rates.map(at).join("L");
  return svg("svg", { class: "spark", viewBox: "0 0 100 28", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("path", { class: "area", d: `M0 28L${points}L100 28Z` }), svg("path", { class: "line", d: `M${points}` }));
}
