// A facet of several choices stays open: each choice loads the list anew, and the reader goes on choosing.
import { recall, remember } from "./memory.js";

/** Every facet [data-facet] inside `root`. */
export function startFacets(root) {
  const facets = [...root.querySelectorAll("[data-facet][data-multiple]")];
  if (!facets.length) return;
  const name = recall("facet", "sessionStorage");
  remember("facet", null, "sessionStorage");
  for (const facet of facets) {
    if (name === `${location.pathname} ${facet.dataset.facet}`) facet.open = true;
    facet.addEventListener("click", (event) => {
      if (event.target.closest("a")) remember("facet", `${location.pathname} ${facet.dataset.facet}`, "sessionStorage");
    });
  }
}
