// The filters of Flask-AppBuilder's own lists: rows of column, comparison and value, sent as _flt_<comparison>_<column>.
import { pickDate } from "./forms.js";

/** The filter form [data-stock-filters] inside `root`, with the filters that are on. */
export function startStockFilters(root) {
  const form = root.querySelector("[data-stock-filters]");
  if (!form) return;
  form.addEventListener("click", (event) => {
    const button = event.target.closest("[data-add-filter]");
    if (!button) return;
    button.closest("details").open = false;
    addRow(form, button.dataset.addFilter).querySelector("[name]")?.focus();
  });
  for (const [column, comparison, value] of JSON.parse(form.dataset.active)) {
    for (const one of [value].flat()) addRow(form, column, comparison, one);
  }
}

function addRow(form, column, comparison, value) {
  const template = form.querySelector(`template[data-column="${CSS.escape(column)}"]`);
  const row = document.createElement("div");
  row.className = "filter-row";
  if (!template) return row;
  const { label } = template.dataset;
  const comparisons = JSON.parse(template.dataset.operators);
  const { shown, field } = valueField(template, label, value);
  const choice = comparisonField(comparisons, label, comparison);
  const name = () => {
    field.name = `_flt_${choice.value}_${column}`;
  };
  choice.addEventListener("change", name);
  name();
  row.append(Object.assign(document.createElement("strong"), { textContent: label }), choice, ...shown, removal(form, row, label));
  form.querySelector(".filter-rows").append(row);
  showRows(form);
  return row;
}

function valueField(template, label, value) {
  const holder = document.createElement("div");
  holder.append(template.content.cloneNode(true));
  const field = holder.querySelector("input, select, textarea");
  field.removeAttribute("id");
  field.multiple = false;
  field.setAttribute("aria-label", `${label}: value`);
  if (field.type === "checkbox") field.checked = true;
  if (value !== undefined) field.value = value;
  const dated = holder.querySelector(".appbuilder_date, .appbuilder_datetime");
  if (dated) pickDate(dated);
  return { shown: [...holder.children], field };
}

function comparisonField(comparisons, label, chosen) {
  const choice = document.createElement("select");
  choice.setAttribute("aria-label", `${label}: comparison`);
  choice.append(...comparisons.map((word, at) => new Option(word, String(at), false, word === chosen)));
  return choice;
}

function removal(form, row, label) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button quiet";
  button.textContent = "Remove";
  button.setAttribute("aria-label", `Remove the filter ${label}`);
  button.addEventListener("click", () => {
    row.remove();
    showRows(form);
  });
  return button;
}

/** The search button stays once it was needed: taking the last filter off must be sent, too. */
function showRows(form) {
  const rows = form.querySelector(".filter-rows");
  rows.hidden = !rows.children.length;
  form.querySelector("button[type=submit]").hidden = false;
}
