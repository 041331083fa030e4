// Draws a series as columns, the average of the earlier period behind it.

const HEIGHT = 190, TOP = 8, BOTTOM = 24;

function ticks(most) {
  const size = 10 ** Math.floor(Math.log10(Math.max(most, 1)));
  const step = [0.25, 0.5, 1, 2, 2.5].map((part) => part * size).find((part) => part >= 1 && most / part <= 4) ?? size * 5;
  const whole = Math.max(1, Math.round(step));
  return Array.from({ length: Math.ceil(Math.max(most, 1) / whole) + 1 }, (_, i) => i * whole);
}

// Hits a day in the earlier period, or null; `compared` tells how many days that were.
function earlierAverage(answer) {
  const count = String(answer.compared ?? "").match(/against (\d+) days/);
  // Without a relative change the earlier days are no measure: the site is younger than they are, or nobody came.
  return typeof answer.change_percent === "number" && count ? answer.earlier_hits / Number(count[1]) : null;
}

// A list as the structured half has it, or as the text half tells it.
const listOf = (value) => (Array.isArray(value) ? value : typeof value === "string" ? value.split(", ") : []);

// How many days of the answer each bucket covers; the first and the last may be parts.
function bucketDays(answer, names) {
  const first = Date.parse(answer.first_day), end = Date.parse(answer.last_day) + DAY;
  const starts = [...names.map((name) => Math.max(Date.parse(name), first)), end];
  return names.map((_, i) => Math.round((starts[i + 1] - starts[i]) / DAY));
}

function trend(answer, table) {
  const [unit, what] = table.columns;
  if (!table.rows.some((row) => row[1])) return el("p", { class: "soft" }, `No ${what} in this time.`);
  const names = table.rows.map((row) => row[0]), values = table.rows.map((row) => row[1] ?? 0);
  const average = earlierAverage(answer);
  const before = average === null ? null : bucketDays(answer, names).map((count) => average * count);
  const partial = listOf(answer.partial), outliers = listOf(answer.outliers);
  const stops = table.rows.map(([name, count], i) => ({
    title: bucket(unit, name).full,
    text: [
      `${said(what, count, "unknown")} ${what}`,
      partial.includes(name) && `not a whole ${unit}`,
      String(answer.best).startsWith(name) && "best",
      String(answer.worst).startsWith(name) && "worst",
      outliers.includes(name) && "outlier",
      before && `earlier average ${numbers.format(Math.round(before[i]))}`,
    ].filter(Boolean).join(", "),
  }));
  const open = names.map((name) => partial.includes(name));
  return el("figure", {},
    scrubbed(`${title(what)} by ${unit}`, stops, (width) => columns(width, unit, names, values, open, before)),
    el("figcaption", { class: "legend soft" },
      before && el("span", {}, line("before"), `average of the earlier period, ${numbers.format(Math.round(average))} a day`),
      open.some(Boolean) && el("span", {}, line("column open", true), `not a whole ${unit}`)),
    el("details", {}, el("summary", {}, "As a table"), plainTable(table, `${title(what)} by ${unit}`)));
}

const line = (name, solid = false) => svg("svg", { viewBox: "0 0 22 10", "aria-hidden": "true" },
  solid ? svg("rect", { class: name, x: 1, y: 1, width: 20, height: 8 }) : svg("path", { class: name, d: "M0 5H22" }));

function columns(width, unit, names, values, open, before) {
  const scale = ticks(Math.max(...values, ...(before ?? [])));
  const top = scale[scale.length - 1];
  const left = 10 + 7 * numbers.format(top).length, right = 4;
  const slot = (width - left - right) / values.length, bar = Math.max(1, Math.min(slot * 0.72, 56));
  const x = (i) => left + slot * (i + 0.5), y = (value) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / top);
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
    const steps = before.map((value, i) => `L${left + slot * i} ${y(value)}H${left + slot * (i + 1)}`).join("");
    picture.append(svg("path", { class: "before", d: steps.replace("L", "M") }));
  }
  const every = Math.ceil(values.length / Math.max(1, Math.floor((width - left) / 68)));
  names.forEach((name, i) => {
    if (i % every === 0) {
      picture.append(svg("text", { x: x(i), y: HEIGHT - 6, "text-anchor": "middle" }, bucket(unit, name).short));
    }
  });
  return { picture, marks, at: values.map((_, i) => x(i)) };
}
