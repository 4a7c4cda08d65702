// A form above the tables of laws that are marked for it: choose and type, and rows that do not fit are hidden.
// Without this script the tables stand whole, each in its fold where it has one, and there is no form.
// The words of the form, in the language of the book.
const [WORDS, COUNTRY, REGION, ALL, LEFT] = document.currentScript.dataset.labels.split("|");
const tables = [...document.querySelectorAll("table.law-filter")];
const rows = tables.flatMap((table) => [...table.tBodies[0].rows]);
const heads = [...tables[0].tHead.rows[0].cells].map((cell) => cell.textContent.trim());
const form = document.createElement("form");
const message = document.createElement("p");
const fields = [];
const outside = (table) => table.closest("details") || table.closest(".pst-scrollable-table-container") || table;
form.className = "law-filter";
message.setAttribute("role", "status");

// A row has its country before the name of the law, its region as a class around both, and the rest in cells of their own.
// `read` says what a row has; without `among`, any words of it may be typed.
const add = (name, read, among) => {
  const label = form.appendChild(document.createElement("label"));
  label.append(name + " ");
  const field = label.appendChild(document.createElement(among ? "select" : "input"));
  if (among) for (const value of ["", ...[...new Set(among)].sort()]) field.add(new Option(value || ALL, value));
  else field.type = "search";
  fields.push([field, read, among]);
};
const column = (row, number) => row.cells[number].textContent.trim();
const country = (row) => column(row, 0).split(": ")[0];
const region = (row) => row.querySelector("span[class]").className;

add(WORDS, (row) => row.textContent.toLowerCase());
add(COUNTRY, country, rows.map(country));
add(REGION, region, rows.map(region));
heads.forEach((name, number) => {
  const values = rows.map((row) => column(row, number));
  if (number) add(name, (row) => column(row, number), values);
});

const show = () => {
  for (const row of rows)
    row.hidden = !fields.every(([field, read, among]) =>
      among ? read(row).startsWith(field.value)
            : field.value.toLowerCase().split(/\s+/).every((word) => read(row).includes(word)));
  const left = rows.filter((row) => !row.hidden);
  // A fold opens when somebody has chosen something that is in it, and goes when nothing in it is left.
  for (const table of tables) {
    const part = outside(table);
    part.hidden = !left.some((row) => table.contains(row));
    part.open = fields.some(([field]) => field.value) && !part.hidden;
  }
  message.textContent = LEFT.replace("{number}", left.length).replace("{all}", rows.length);
};
form.addEventListener("input", show);
form.addEventListener("submit", (event) => event.preventDefault());
form.append(message);
outside(tables[0]).before(form);
show();
