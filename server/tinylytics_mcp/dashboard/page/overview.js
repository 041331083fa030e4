// Draws all sites as cards, above them what needs attention.

const isOverview = (answer) => isTable(answer.sites) && "sites_asked" in answer;

function sitesView(table, chart) {
  const at = (row, name) => (table.columns.includes(name) ? row[table.columns.indexOf(name)] : null);
  const cards = table.rows.map((row) => {
    const extra = chart.sites?.[at(row, "id")] ?? {}, status = at(row, "status");
    const change = at(row, "change"), percent = at(row, "change_percent"), before = at(row, "earlier_hits");
    const rates = daily(extra.pieces ?? []), most = Math.max(...rates), isCut = rates.length > 3 && most > reach(rates);
    const facts = ["visitors", "kudos"].filter((name) => typeof at(row, name) === "number").map((name) => plural(at(row, name), name.slice(0, -1)));
    return el("li", {},
      el("div", { class: "top" }, el("h2", {}, at(row, "site")), status && pill(status)),
      sparkline(extra.pieces),
      el("p", {}, el("b", {}, said("hits", at(row, "hits"), "unknown")), at(row, "hits") === 1 ? " hit " : " hits ", change === null ? null : changeMark(change, percent)),
      el("p", { class: "soft" }, [typeof before === "number" && `${numbers.format(before)} before`, ...facts, isCut && `line cut, up to ${numbers.format(Math.round(most))} a day`].filter(Boolean).join(" · ")));
  });
  const left = table.of - table.rows.length;
  return el("div", { class: "wide" }, el("ul", { class: "sites", "aria-label": "Sites" }, ...cards),
    left > 0 && el("p", { class: "soft" }, `${plural(left, "more site")} not shown here.`));
}

// What is wrong, from what was read anyway; the rest is asked where the reader wants it.
function attention(answer, chart) {
  const found = troubles(answer.sites, chart.sites);
  const strip = el("div", { class: "strip" }, warnings(found));
  if (!host.canCall) return found.length ? strip : null;
  const button = el("button", { type: "button" }, "Check domains and links too");
  button.addEventListener("click", async () => {
    button.disabled = true;
    const health = await host.call("check_health", {}).then(structured, () => null);
    strip.replaceChildren(health ? warnings(troubles(health.sites)) : el("p", { role: "alert" }, "That could not be checked."));
    strip.setAttribute("tabindex", "-1");
    strip.focus();
  });
  strip.append(button);
  return strip;
}

const certificate = (left) => (left < 0 ? `certificate expired ${plural(-left, "day")} ago` : `certificate expires in ${plural(left, "day")}`);

// `known`: what a chart has besides of some sites, by id.
function troubles({ columns, rows }, known = {}) {
  return rows.flatMap((row) => {
    const at = (name) => known[row[columns.indexOf("id")]]?.[name] ?? row[columns.indexOf(name)], left = at("ssl_days_left"), domain = at("domain_days_left");
    return [
      at("status") === "down" && "is down",
      at("ssl_valid") === false && !(left < 0) && "certificate not valid",
      typeof left === "number" && left <= DUE && certificate(left),
      typeof domain === "number" && domain <= DUE && `domain ${domain < 0 ? "expired" : `expires in ${plural(domain, "day")}`}`,
      at("broken_links") > 0 && plural(at("broken_links"), "broken link"),
      at("mixed_content") > 0 && `${plural(at("mixed_content"), "link")} with mixed content`,
    ].filter(Boolean).map((text) => [at("site"), text]);
  });
}

const warnings = (found) => found.length
  ? el("ul", { "aria-label": "Needs attention" }, ...found.map(([site, text]) => el("li", {}, el("b", {}, site), ` ${text}`)))
  : el("p", { class: "soft" }, "Nothing needs attention, as far as was looked at.");
