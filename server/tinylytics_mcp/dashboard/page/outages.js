// Draws outages on a time line that ends with the last check.

const SPANS = [7, 30, 90, 365];
const LINE = 58;

function outages(answer, table) {
  const at = (name) => table.columns.indexOf(name);
  const checked = Date.parse(answer.last_check);
  const found = table.rows.map((row) => {
    const start = Date.parse(row[at("started")]), end = Date.parse(row[at("ended")]);
    const isOpen = row[at("ended")] === "ongoing";
    return { start, end: Number.isNaN(end) ? (isOpen && checked > start ? checked : start) : end, isOpen, row };
  }).filter((outage) => !Number.isNaN(outage.start)).sort((a, b) => a.start - b.start);
  if (!found.length) return null;
  const last = Math.max(...found.map((outage) => outage.end), checked || 0);
  const reach = (last - found[0].start) / DAY;
  const first = last - (SPANS.find((span) => span >= reach) ?? Math.ceil(reach)) * DAY;
  const stops = found.map(({ row, start, isOpen }) => {
    const seconds = row[at("duration_s")], error = row[at("error")];
    const length = isOpen ? "still down" : seconds === null ? "length unknown" : `down for ${lasting(seconds)}`;
    return { title: `${time(start)} UTC`, text: error && error !== "unknown" ? `${length}: ${error}` : length };
  });
  return el("figure", {}, scrubbed("Outages", stops, (width) => timeline(width, first, last, found)));
}

function timeline(width, first, last, found) {
  const x = (moment) => 1 + ((width - 2) * (moment - first)) / (last - first || 1);
  const marks = found.map(({ start, end }) =>
    svg("rect", { class: "outage", x: Math.min(x(start), width - 5), y: 10, width: Math.max(4, x(end) - x(start)), height: 22, rx: 1 }));
  const picture = svg("svg", { width, height: LINE, viewBox: `0 0 ${width} ${LINE}` },
    svg("rect", { class: "track", x: 0, y: 15, width, height: 12, rx: 3 }), ...marks);
  [["start", first, 0], ["middle", (first + last) / 2, width / 2], ["end", last, width]].forEach(([anchor, moment, at]) => {
    picture.append(svg("text", { x: at, y: LINE - 8, "text-anchor": anchor }, fullDay(moment)));
  });
  return { picture, marks, at: found.map(({ start, end }) => (x(start) + x(end)) / 2) };
}
