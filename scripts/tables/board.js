"use strict";
const facts = JSON.parse(document.getElementById("facts").textContent);
const tables = [...document.querySelectorAll(".wide > table")];
const [body] = tables[0].tBodies; // rows of the other table have nothing more to show
const headsOf = (table) => [...table.tHead.querySelectorAll("th")];
const rowsOf = (table) => [...table.tBodies[0].rows].filter((row) => row.dataset.data);
const rows = () => tables.flatMap(rowsOf);

function element(name, text, parent) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (parent) parent.append(made);
  return made;
}

function tableOf(head, lines, parent) {
  const table = element("table", undefined, parent);
  const top = element("tr", undefined, table);
  head.forEach((cell) => element("th", cell, top));
  lines.forEach((line) => {
    const row = element("tr", undefined, table);
    line.forEach((cell) => element("td", cell, row));
  });
}

function close(row) {
  if (row.parentElement !== body) return;
  if (row.nextElementSibling?.classList.contains("more")) row.nextElementSibling.remove();
  row.querySelector("button").setAttribute("aria-expanded", "false");
}

function open(row) {
  const one = facts.rows[row.dataset.row];
  const more = document.createElement("tr");
  more.className = "more";
  const cell = element("td", undefined, more);
  cell.colSpan = headsOf(tables[0]).length;
  element("h2", "Recipe", cell);
  element("pre", JSON.stringify(one.recipe, null, 1), cell);
  if (one.runs.length) {
    element("h2", "Records", cell);
    tableOf(facts.runs, one.runs, cell);
  }
  const attacks = facts.attacks[one.scheme] || [];
  if (attacks.length) {
    element("h2", "Attacks on record, the best of each kind of attacker", cell);
    tableOf(facts.attacked, attacks, cell);
  }
  const seen = facts.pictures[one.scheme];
  if (seen) {
    element("h2", "Pictures, their cipher images, and what comes back (" + seen.by + ")", cell);
    seen.strips.forEach(([label, address]) => {
      const image = element("img", undefined, cell);
      image.src = address;
      image.alt = label;
    });
  }
  row.after(more);
  row.querySelector("button").setAttribute("aria-expanded", "true");
}

body.addEventListener("click", (event) => {
  const row = event.target.closest("tr[data-row]");
  if (!row) return;
  if (row.nextElementSibling?.classList.contains("more")) close(row);
  else open(row);
});

function sortable(table) {
  const heads = headsOf(table);
  heads.forEach((head, column) => {
    head.querySelector("button").addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") === "descending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const value = (row) => {
        const text = row.cells[column].dataset.value ?? row.cells[column].textContent;
        return text === "" ? null : Number.isNaN(Number(text)) ? text : Number(text);
      };
      const order = (a, b) => {
        const [x, y] = [value(a), value(b)];
        if (x === null || y === null) return (x === null) - (y === null); // what was not measured comes last
        const found = typeof x === "string" || typeof y === "string" ? String(x).localeCompare(String(y)) : x - y;
        return up ? found : -found;
      };
      rowsOf(table).forEach(close);
      rowsOf(table).sort(order).forEach((row) => table.tBodies[0].append(row));
    });
  });
}

function filter() {
  const word = document.getElementById("find").value.trim().toLowerCase();
  const data = document.getElementById("data").value;
  const best = document.getElementById("best").checked;
  let shown = 0;
  rows().forEach((row) => {
    const fits = (!word || row.textContent.toLowerCase().includes(word)) && (!data || row.dataset.data === data);
    row.hidden = !fits || (best && row.classList.contains("lost"));
    if (row.hidden) close(row);
    shown += !row.hidden;
  });
  document.getElementById("count").textContent = `${shown} of ${rows().length} rows`;
}

tables.forEach(sortable);
["find", "data", "best"].forEach((id) => document.getElementById(id).addEventListener("input", filter));
document.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
filter();
