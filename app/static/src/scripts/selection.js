// Lists whose rows open with a click and are ticked for bulk actions.
import { recall, remember } from "./memory.js";

/** Every list inside `root`: [data-list] with rows tr[data-href] and ticks input[data-tick]. */
export function startSelection(root) {
  for (const list of root.querySelectorAll("[data-list]")) watch(list);
  for (const row of root.querySelectorAll("tr[data-href]")) row.addEventListener("click", open);
  returnToScroll();
}

function watch(list) {
  const ticks = [...list.querySelectorAll("[data-tick]")];
  if (!ticks.length) return;
  let last = null;
  list.addEventListener("click", (event) => {
    const tick = event.target.closest("[data-tick]");
    // What is ticked is shown by the change that follows a click on a tick.
    if (tick && event.shiftKey && last) tickRange(ticks, last, tick);
    if (tick) last = tick;
    if (event.target.closest("[data-untick]")) {
      tickAll(ticks, false);
      chooseAll(list, false);
      show(list, ticks);
    }
    if (event.target.closest("[data-choose-all]")) {
      tickAll(ticks, true);
      chooseAll(list, true);
      show(list, ticks);
    }
  });
  list.addEventListener("change", (event) => {
    if (event.target.matches("[data-tick-all]")) tickAll(ticks, event.target.checked);
    // Whoever takes one row off means these rows, and no others.
    chooseAll(list, false);
    show(list, ticks);
  });
  // The browser may bring ticks back with the page.
  window.addEventListener("pageshow", () => show(list, ticks));
  list.querySelector("[data-selection]")?.addEventListener("submit", keepScroll);
  show(list, ticks);
}

/** All that match, also on other pages: the server asks the list's filter again. */
function chooseAll(list, on) {
  const field = list.querySelector("[data-all-match]");
  if (field) field.disabled = !on;
}

function tickAll(ticks, on) {
  for (const tick of ticks) tick.checked = on;
}

function tickRange(ticks, from, to) {
  const [first, last] = [ticks.indexOf(from), ticks.indexOf(to)].sort((a, b) => a - b);
  for (const tick of ticks.slice(first, last + 1)) tick.checked = to.checked;
}

function show(list, ticks) {
  const count = ticks.filter((tick) => tick.checked).length;
  for (const tick of ticks) tick.closest("tr").classList.toggle("ticked", tick.checked);
  const match = list.querySelector("[data-all-match]");
  const everything = match && !match.disabled;
  const told = everything ? `All ${match.dataset.allMatch}` : String(count);
  for (const place of list.querySelectorAll("[data-count]")) place.textContent = told;
  const offer = list.querySelector("[data-choose-all]");
  if (offer) offer.hidden = everything || count < ticks.length || match.dataset.allMatch === String(ticks.length);
  list.querySelector("[data-selection]")?.classList.toggle("shown", count > 0);
  const all = list.querySelector("[data-tick-all]");
  if (!all) return;
  all.checked = count === ticks.length;
  all.indeterminate = count > 0 && count < ticks.length;
}

/** A click on a row opens it, with ctrl or the middle button in a tab; text can still be selected. */
function open(event) {
  if (event.target.closest("a, button, input, label, summary, dialog") || String(getSelection())) return;
  const tick = event.target.closest("td.tick");
  if (tick) {
    tick.querySelector("input").click();
    return;
  }
  const href = event.currentTarget.dataset.href;
  if (event.ctrlKey || event.metaKey) window.open(href, "_blank", "noopener");
  else window.location.assign(href);
}

/** After an action the same list comes back: at the same place, too. */
function keepScroll() {
  remember("scroll", `${location.pathname}${location.search} ${Math.round(scrollY)}`, "sessionStorage");
}

function returnToScroll() {
  const [page, y] = (recall("scroll", "sessionStorage") ?? "").split(" ");
  if (page !== `${location.pathname}${location.search}`) return;
  remember("scroll", null, "sessionStorage");
  scrollTo({ top: Number(y), behavior: "instant" });
}
