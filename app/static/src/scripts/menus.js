// Menus are <details class="menu">: they open without a script. This closes them again and moves inside by arrows.

export function startMenus() {
  document.addEventListener("click", closeOthers);
  document.addEventListener("keydown", steer);
  document.addEventListener("toggle", (event) => placeInside(event.target), true);
  // What is loaded into an open menu may make it wider.
  document.addEventListener("htmx:afterSettle", (event) => placeInside(event.target.closest("details.menu") ?? event.target));
  // A panel over a table stays where it was put, so it goes when the page moves under it.
  document.addEventListener("scroll", leave, true);
}

/** Close the menu that is open, if any; true when there was one. */
export function closeMenus() {
  const open = document.querySelector("details.menu[open]");
  if (!open) return false;
  const inside = open.contains(document.activeElement);
  open.open = false;
  if (inside) open.querySelector("summary").focus();
  return true;
}

function closeOthers(event) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
  // What was chosen leads on, or opens a dialog over the page.
  const item = event.target.closest(".menu-item[data-dialog]");
  if (item) item.closest("details.menu").open = false;
}

function steer(event) {
  if (event.key === "Escape" && !document.querySelector("dialog[open]") && closeMenus()) {
    event.preventDefault();
    return;
  }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const menu = event.target.closest?.("details.menu");
  if (!step || !menu || event.target.matches("input, textarea, select")) return;
  event.preventDefault();
  menu.open = true;
  const items = [...menu.querySelectorAll(".menu-item, .menu-panel input, .segments button")];
  const at = items.indexOf(document.activeElement);
  items.at(at < 0 ? (step > 0 ? 0 : -1) : (at + step) % items.length)?.focus();
}

/** A panel that would stand beyond an edge of the window opens to the other side. */
function placeInside(menu) {
  if (!menu.matches?.("details.menu") || !menu.open) return;
  const panel = menu.querySelector(".menu-panel");
  panel.style.transform = "";
  if (menu.matches(".badge-menu")) putBelow(menu.querySelector("summary"), panel);
  // A sheet from below is in its place already.
  if (getComputedStyle(panel).position === "fixed") return;
  const box = panel.getBoundingClientRect();
  const room = document.documentElement.clientWidth - 8;
  const shift = box.right > room ? room - box.right : Math.max(0, 8 - box.left);
  if (shift) panel.style.transform = `translateX(${Math.round(shift)}px)`;
}

/** A table that scrolls would cut its menus off: such a panel is fixed to the window, under or over its button. */
function putBelow(button, panel) {
  const { top, bottom, left } = button.getBoundingClientRect();
  const height = panel.offsetHeight;
  const above = bottom + height + 8 > window.innerHeight && top > height + 8;
  panel.style.top = `${Math.round(above ? top - height - 4 : bottom + 4)}px`;
  const room = document.documentElement.clientWidth - panel.offsetWidth - 8;
  panel.style.left = `${Math.round(Math.max(8, Math.min(left, room)))}px`;
}

function leave(event) {
  const open = document.querySelector(".badge-menu[open]");
  if (open && !open.contains(event.target)) open.open = false;
}
