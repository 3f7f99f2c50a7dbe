// What scrolls by itself: tables that are wider than their card, and what the keyboard has reached.

/** Bring what the keyboard comes to wholly into view: a browser is content when a corner of it can be seen. */
export function showFocus() {
  document.addEventListener("focusin", ({ target }) => {
    if (target.matches(":focus-visible")) target.scrollIntoView({ block: "nearest", inline: "nearest" });
  });
}

/** Watch every .scroll inside `root`. A table that is not wider needs no scrolling: its header stays with the page. */
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
