// Turns names, numbers, days and lengths of time into words.

const DAY = 86_400_000;
const english = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });
const numbers = { format: (value) => english.format(value).replace("-", "\u2212") };
const signed = (value) => (value > 0 ? "+" : "") + numbers.format(value);
const date = (options) => {
  const spoken = new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", ...options });
  return (moment) => spoken.format(moment);
};
const fullDay = date({ day: "numeric", month: "short", year: "numeric" });
const shortDay = date({ day: "numeric", month: "short" });
const weekday = date({ weekday: "short", day: "numeric", month: "short", year: "numeric" });
const month = date({ month: "long", year: "numeric" });
const shortMonth = date({ month: "short", year: "2-digit" });
const clock = date({ hour: "2-digit", minute: "2-digit" });
const time = (moment) => `${fullDay(moment)}, ${clock(moment)}`;
const regions = new Intl.DisplayNames("en", { type: "region" });

const NAMES = {
  percent: "share", change_percent: "change %", difference_percent: "difference %", earlier_hits: "before", usual_hits: "usual",
  unique_hits: "unique", by_page: "pages", bounce_rate_percent: "bounce rate", percent_of_all: "share of all hits",
};
const UPPER = { ssl: "SSL", uid: "UID", url: "URL", id: "ID" };

// uptime_percent -> Uptime, duration_s -> Duration: the unit goes to the value
function title(name) {
  const words = NAMES[name] ?? name.replace(/_(percent|s)$/, "").replaceAll("_", " ");
  const said = words.split(" ").map((word) => UPPER[word] ?? word).join(" ");
  return said.charAt(0).toUpperCase() + said.slice(1);
}

const plural = (count, thing) => `${numbers.format(count)} ${thing}${count === 1 || thing.endsWith("s") ? "" : "s"}`;

function lasting(seconds) {
  const parts = [["d", 86_400], ["h", 3600], ["min", 60], ["s", 1]];
  let left = Math.round(seconds);
  const said = [];
  for (const [unit, size] of parts) {
    const count = Math.floor(left / size);
    if (count) said.push(`${count} ${unit}`);
    left -= count * size;
  }
  return said.slice(0, 2).join(" ") || "0 s";
}

// A value as its column or field is read: with unit and sign; null is never a zero.
function said(name, value, unknown = "–") {
  if (value === null || value === undefined) return unknown;
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number") {
    if (/(^|_)id$/.test(name)) return String(value);
    if (/_s$/.test(name)) return lasting(value);
    return (/^(change|difference)/.test(name) ? signed(value) : numbers.format(value)) + (/percent/.test(name) ? "%" : "");
  }
  if (Array.isArray(value)) return value.join(", ") || "none";
  if (/^\d{4}-\d\d-\d\d$/.test(value)) return fullDay(Date.parse(value));
  if (/^\d{4}-\d\d-\d\dT[\d:]+Z$/.test(value)) return `${time(Date.parse(value))} UTC`;
  return value;
}

// Days in our own sentences become readable; a path or an address stays as it is.
const readableDays = (text) =>
  text.replace(/(?<=^|[\s(])\d{4}-\d\d(-\d\d(T[\d:]+Z)?)?(?=$|[\s,;:.)])/g, (day, isDay, isTime) =>
    isTime ? `${time(Date.parse(day))} UTC` : (isDay ? fullDay : month)(Date.parse(day)));

// Numbers in our own sentences get separators; what is in quotes, or may be a year, stays as it is.
const grouped = (text) =>
  text.replace(/“[^”]*”|(?<=^|[\s(+])\d{4,}(?=$|[\s,;.)])(?!\.\d)/g, (found) =>
    /^(“|(19[7-9]|20)\d\d$)/.test(found) ? found : numbers.format(Number(found)));

const OURS = { direct: "Direct, no referrer", "not-a-host": "Not an address", unknown: "Unknown", other: "All others", "/": "/ (home page)" };

// What a row is of, as people call it; a long one loses its middle.
function called(of, value) {
  if (of === "country" && /^[A-Z]{2}$/.test(value) && value !== "XX") {
    try { return regions.of(value); } catch { return value; }
  }
  if (value === "XX" && of === "country") return OURS.unknown;
  if (Object.hasOwn(OURS, value) && of !== "site") return OURS[value];
  return value.length > 56 ? `${value.slice(0, 34)}…${value.slice(-20)}` : value;
}

// A unit of a series: in full, and short for the axis.
function bucket(unit, name) {
  const moment = Date.parse(name);
  if (unit === "hour") return { full: `${name} to ${String(Number(name.slice(0, 2)) + 1).padStart(2, "0")}:00 UTC`, short: name.slice(0, 2) };
  if (unit === "weekday") return { full: name, short: name.slice(0, 3) };
  if (unit === "year" || Number.isNaN(moment)) return { full: name, short: name };
  if (unit === "month") return { full: month(moment), short: shortMonth(moment) };
  if (unit === "week") return { full: `Week from ${fullDay(moment)}`, short: shortDay(moment) };
  return { full: weekday(moment), short: shortDay(moment) };
}

function days(answer) {
  const first = Date.parse(answer.first_day), last = Date.parse(answer.last_day);
  if (Number.isNaN(first) || Number.isNaN(last)) return null;
  if (first === last) return weekday(first);
  const isOneYear = answer.first_day.slice(0, 4) === answer.last_day.slice(0, 4);
  return `${(isOneYear ? shortDay : fullDay)(first)} – ${fullDay(last)}`;
}
