// Draws whether a site is up: its outages on a time line that ends with the last check, and what is due.

const SPANS = [7, 30, 90, 365];
const LINE = 58;
const DUE = 14;

function outages(answer, table, heading) {
  const at = (name) => table.columns.indexOf(name);
  const checked = Date.parse(answer.last_check);
  const found = table.rows.map((row) => {
    const start = Date.parse(row[at("started")]), end = Date.parse(row[at("ended")]);
    const isOpen = row[at("ended")] === "ongoing";
    return { start, end: Number.isNaN(end) ? (isOpen && checked > start ? checked : start) : end, isOpen, isTold: !Number.isNaN(end), row };
  }).filter((outage) => !Number.isNaN(outage.start)).sort((a, b) => a.start - b.start);
  if (!found.length) return plainTable(table, heading);
  const last = Math.max(...found.map((outage) => outage.end), checked || 0);
  const reach = (last - found[0].start) / DAY;
  const first = last - (SPANS.find((span) => span >= reach) ?? Math.ceil(reach)) * DAY;
  const length = ({ row, isOpen }) => {
    const seconds = row[at("duration_s")];
    return isOpen ? `still down${seconds === null ? "" : `, ${lasting(seconds)} so far`}` : seconds === null ? "length unknown" : lasting(seconds);
  };
  const stops = found.map((outage) => {
    const error = outage.row[at("error")];
    return { title: `${time(outage.start)} UTC`, text: `${outage.isOpen ? "" : "down for "}${length(outage)}${error && error !== "unknown" ? `: ${error}` : ""}` };
  });
  const when = ({ start, end, isOpen, isTold }) => {
    if (isOpen || !isTold) return `${time(start)} – ${isOpen ? "now" : "?"}`;
    return `${time(start)} – ${fullDay(start) === fullDay(end) ? clock(end) : time(end)}`;
  };
  const rows = found.toReversed().map((outage) => [when(outage), length(outage), outage.row[at("error")]]);
  return el("div", {},
    el("figure", {}, scrubbed("Outages", stops, (width) => timeline(width, first, last, found))),
    plainTable({ ...table, columns: ["when (UTC)", "lasted", "error"], rows }, heading));
}

function timeline(width, first, last, found) {
  const x = (moment) => 1 + ((width - 2) * (moment - first)) / (last - first || 1);
  const marks = found.map(({ start, end }) =>
    svg("rect", { class: "outage", x: Math.min(x(start), width - 5), y: 10, width: Math.max(4, x(end) - x(start)), height: 22, rx: 1 }));
  const picture = svg("svg", { width, height: LINE, viewBox: `0 0 ${width} ${LINE}` },
    svg("rect", { class: "track", x: 0, y: 15, width, height: 12, rx: 3 }), ...marks);
  const middle = width < 360 ? [] : [["middle", (first + last) / 2, width / 2]];
  [["start", first, 0], ...middle, ["end", last, width]].forEach(([anchor, moment, at]) => {
    picture.append(svg("text", { x: at, y: LINE - 8, "text-anchor": anchor }, fullDay(moment)));
  });
  return { picture, marks, at: found.map(({ start, end }) => (x(start) + x(end)) / 2) };
}

const WORDS_OF_STATUS = { up: "up", down: "down", "not monitored": "not monitored" };
const pill = (status, words = status) => el("span", { class: `pill ${(WORDS_OF_STATUS[status] ?? "unknown").replace(" ", "-")}` }, words);

// The fields of an uptime that its headline and tiles tell.
const OF_UPTIME = [
  "status", "status_reason", "down_since", "last_check", "uptime_percent", "uptime_period", "downtime_30_days_s", "ssl_days_left",
  "ssl_expires", "ssl_valid", "domain_days_left", "domain_expires", "downtimes_in_all", "downtimes_ongoing", "downtimes_in_30_days",
];

const isUptime = (answer) => typeof answer.status === "string" && "ssl_days_left" in answer;

function uptimeTiles(answer) {
  const ends = (name, left, day, isValid) => {
    const isWrong = isValid === false && !(left < 0);
    const text = isWrong ? "not valid" : left === null ? "not known" : left < 0 ? `expired ${plural(-left, "day")} ago` : `${plural(left, "day")} left`;
    const isDue = isWrong || (left !== null && left <= DUE);
    return tile(name, text, [isDue && el("b", { class: "due" }, left < 0 || isWrong ? "act now" : "due soon"), day && day !== "unknown" && said("", day)]);
  };
  const period = String(answer.uptime_period).replace(/^(\d+) ?d(ays?)?$/, "$1 days");
  return [
    tile(`Uptime, ${period}`, said("uptime_percent", answer.uptime_percent)),
    tile("Down in 30 days", answer.downtime_30_days_s === 0 ? "never" : said("_s", answer.downtime_30_days_s, "not known"), [
      answer.downtimes_in_30_days > 0 && plural(answer.downtimes_in_30_days, "time")]),
    ends("Certificate", answer.ssl_days_left, answer.ssl_expires, answer.ssl_valid),
    ends("Domain", answer.domain_days_left, answer.domain_expires),
  ];
}
