// The filters of a list. A facet of several choices stays open: each choice loads the list anew, and the reader goes on
// choosing. A long one can be searched.
import { recall, remember } from "./memory.js";

/** Every facet [data-facet], every [data-menu-filter] and the [data-columns] inside `root`. */
export function startFacets(root) {
  for (const field of root.querySelectorAll("[data-menu-filter]")) field.addEventListener("input", () => narrow(field));
  for (const form of root.querySelectorAll("[data-columns]")) form.addEventListener("formdata", joinColumns);
  for (const panel of root.querySelectorAll(".badge-menu > .menu-panel")) {
    panel.addEventListener("click", stay);
    panel.addEventListener("submit", keepPlace);
  }
  const facets = [...root.querySelectorAll("[data-facet][data-multiple]")];
  if (!facets.length) return;
  const name = recall("facet", "sessionStorage");
  remember("facet", null, "sessionStorage");
  for (const facet of facets) {
    if (name === nameOf(facet)) reopen(facet);
    facet.addEventListener("click", (event) => {
      if (event.target.closest("a")) remember("facet", nameOf(facet), "sessionStorage");
    });
  }
}

function nameOf(facet) {
  return `${location.pathname} ${facet.dataset.facet}`;
}

function reopen(facet) {
  const around = facet.parentElement.closest("details");
  if (around) around.open = true;
  facet.open = true;
}

/** Show only those choices whose words hold what was typed. */
function narrow(field) {
  const wanted = field.value.trim().toLowerCase();
  for (const item of field.parentElement.querySelectorAll(".menu-item")) {
    item.hidden = !item.textContent.toLowerCase().includes(wanted);
  }
}

/** One argument with commas reads better in an address than twenty. */
function joinColumns(event) {
  event.formData.set("cols", event.formData.getAll("cols").join(","));
}

/** After an action the same list comes back, at the same place: selection.js scrolls there. */
function keepPlace() {
  remember("scroll", `${location.pathname}${location.search} ${Math.round(scrollY)}`, "sessionStorage");
}

/** A click on the text inside a menu of a row does not open the row. */
function stay(event) {
  event.stopPropagation();
}
