// The drawer of all attributes: a box that filters them, by name or value.

export function filterAttributes(root) {
  for (const box of root.querySelectorAll("[data-filter-attributes]")) {
    box.addEventListener("input", () => narrow(box.closest("[data-attributes]"), box.value.trim().toLowerCase()));
  }
}

function narrow(list, wanted) {
  for (const group of list.querySelectorAll("section")) {
    let any = false;
    for (const name of group.querySelectorAll("dt")) {
      const value = name.nextElementSibling;
      const fits = !wanted || `${name.textContent} ${value.textContent}`.toLowerCase().includes(wanted);
      name.hidden = value.hidden = !fits;
      any ||= fits;
    }
    group.hidden = !any;
  }
}
