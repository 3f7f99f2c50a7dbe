// The keys of the console. They are off while the reader types, and while a dialog is open.
import { openDialog } from "./dialogs.js";

export function startKeys() {
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable]");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const keys = afterG ? PLACES : KEYS;
    clearTimeout(afterG);
    afterG = null;
    if (keys[event.key]?.() === true) event.preventDefault();
  });
}

// A second key within this time says where to go.
const WAIT = 1_500;
let afterG = null;

const PLACES = { d: () => goTo("d"), p: () => goTo("p"), r: () => goTo("r") };

const KEYS = {
  "/": () => focusOn(document.querySelector("[data-global-search]") ?? document.querySelector("input[type=search]")),
  "?": () => {
    openDialog("keys");
    return true;
  },
  a: openActions,
  g: waitForPlace,
  j: () => moveRow(1),
  k: () => moveRow(-1),
  x: tickRow,
  Enter: openRow,
};

function waitForPlace() {
  afterG = setTimeout(() => {
    afterG = null;
  }, WAIT);
  return true;
}

/** The entry of the menu that has this key; what a reader may not open is not in it. */
function goTo(key) {
  const entry = document.querySelector(`[data-go="${key}"]`);
  entry?.click();
  return Boolean(entry);
}

function focusOn(field) {
  field?.focus();
  field?.select();
  return Boolean(field);
}

function openActions() {
  const menu = document.querySelector("[data-actions-menu], .selection.shown details.menu");
  if (!menu) return false;
  menu.open = true;
  menu.querySelector(".menu-item")?.focus();
  return true;
}

function rows() {
  return [...document.querySelectorAll("[data-list] tbody tr")];
}

function current() {
  return document.querySelector("[data-list] tr.at");
}

function moveRow(step) {
  const all = rows();
  if (!all.length) return false;
  const at = all.indexOf(current());
  const next = all[Math.min(Math.max(at + step, 0), all.length - 1)];
  current()?.classList.remove("at");
  next.classList.add("at");
  // The link of the row takes the focus, so that a screen reader follows.
  (next.querySelector("td:not(.tick) a") ?? next).focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
  return true;
}

function tickRow() {
  const tick = current()?.querySelector("[data-tick]");
  tick?.click();
  return Boolean(tick);
}

function openRow() {
  const row = current();
  // A link or a button that has the focus opens itself.
  if (!row?.dataset.href || document.activeElement.closest("a, button, summary, input")) return false;
  window.location.assign(row.dataset.href);
  return true;
}
