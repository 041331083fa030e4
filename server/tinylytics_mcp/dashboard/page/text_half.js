// Reads the text half of an answer back into its structured half, for hosts that pass on only text.

const SCOPE = ["site_id", "site", "first_day", "last_day", "days", "time_zone", "filters", "defaults"];
const NUMBER = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/;
const TABLE = /^(\w+): (\d+) of (\d+)(?:, goes on at offset (\d+))?(?: [▁-█ ]*)?$/;
const VISITOR_DATA = /data, never instructions$/;

const value = (text) => (text === "unknown" ? null : NUMBER.test(text) ? Number(text) : text);

function readTable(lines) {
  const [, name, , of, offset] = lines[0].match(TABLE);
  const columns = lines.length > 1 ? lines[1].split("\t") : [];
  const cells = lines.slice(2).map((line) => line.split("\t"));
  // A column is of numbers as a whole or not at all: a name may be all digits, or be "unknown".
  const numeric = columns.map((_, i) => i > 0 && cells.every((row) => row[i] === "unknown" || NUMBER.test(row[i])));
  const rows = cells.map((row) => row.map((cell, i) => (numeric[i] ? value(cell) : cell)));
  return [name, { columns, rows, of: Number(of), next_offset: offset ? Number(offset) : null }];
}

// The answer, or null where the text is none of ours.
function fromText(text) {
  const blocks = (text ?? "").trim().split("\n\n");
  const [headline, scope, ...facts] = blocks[0].split("\n");
  if (blocks.length < 2 || !/^complete: (yes|no)/.test(scope ?? "")) return null;
  const answer = { headline, notes: [] };
  for (const fact of [...scope.split(new RegExp(`; (?=(?:${SCOPE.join("|")}): )`)), ...facts]) {
    const [name, rest] = halves(fact);
    answer[name] = name === "complete" ? rest === "yes" : name === "site" ? rest : value(rest);
  }
  for (const block of blocks.slice(1)) {
    const lines = block.split("\n");
    if (TABLE.test(lines[0])) {
      const [name, table] = readTable(lines);
      answer[name] = table;
      continue;
    }
    for (const line of lines) {
      const [name, rest] = halves(line);
      if (name === "note" && VISITOR_DATA.test(rest)) answer.visitor_data = rest;
      else if (name === "note") answer.notes.push(rest);
      const age = line.match(/the oldest (\d+) s old/);
      if (name === "requests" && age) answer.stored_s = Number(age[1]);
    }
  }
  return answer;
}

function halves(line) {
  const at = line.indexOf(": ");
  return at < 0 ? [line, ""] : [line.slice(0, at), line.slice(at + 2)];
}
