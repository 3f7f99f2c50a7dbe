// A table that is not wider than its card needs no scrolling of its own: then its header stays in view with the page.

/** Watch every .scroll inside `root`. */
export function fitTables(root) {
  const watcher = new ResizeObserver((entries) => entries.forEach(({ target }) => fit(target)));
  for (const box of root.querySelectorAll(".scroll")) {
    fit(box);
    watcher.observe(box);
  }
}

function fit(box) {
  const table = box.firstElementChild;
  // Measured with its scrolling on: off, the box would report the table's own width.
  const fits = table.scrollWidth <= box.clientWidth + 1;
  box.classList.toggle("fits", fits);
  // Only what scrolls needs to be reached by the keyboard.
  if (fits) box.removeAttribute("tabindex");
  else box.tabIndex = 0;
}
