// Parts of a page that are loaded anew while somebody looks: <div data-refresh="60" hx-get="…" hx-trigger="refresh">.

const LOOK = 5_000;

export function startRefreshing() {
  for (const part of document.querySelectorAll("[data-refresh]")) watch(part);
}

function watch(part) {
  let loaded = Date.now();
  let kept = null;
  const look = () => {
    // A page in the background asks for nothing, and is brought up to date when it is looked at again.
    if (!isDue(loaded, Date.now(), Number(part.dataset.refresh)) || document.hidden) return;
    loaded = Date.now();
    part.dispatchEvent(new CustomEvent("refresh"));
  };
  setInterval(look, LOOK);
  document.addEventListener("visibilitychange", look);
  part.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr } = event.detail;
    if (leadsElsewhere(xhr.responseURL, part.getAttribute("hx-get"))) {
      // Signed out meanwhile: the answer is the sign-in page, which is no part of this one.
      event.detail.shouldSwap = false;
      window.location.reload();
      return;
    }
    kept = keep(part);
  });
  part.addEventListener("htmx:afterSwap", () => giveBack(part, kept));
}

/** Whether something loaded at `then` is older than `seconds` at `now` (both in milliseconds). */
export function isDue(then, now, seconds) {
  return now - then >= seconds * 1000;
}

/** Whether the answer came from another address than the one asked. */
export function leadsElsewhere(answered, asked) {
  return Boolean(answered) && new URL(answered).pathname !== asked;
}

/** Where the focus is, which folds are open, and how far tables are scrolled: the reader finds all of it again. */
export function keep(part) {
  const focused = part.contains(document.activeElement) ? document.activeElement : null;
  return {
    focus: focused && placeOf(part, focused),
    open: [...part.querySelectorAll("details[id][open]")].map((fold) => fold.id),
    scrolled: [...part.querySelectorAll(".scroll")].map((box) => box.scrollLeft),
  };
}

/** Give the reader all of it back, in the part as it is now. */
export function giveBack(part, { focus, open, scrolled }) {
  for (const id of open) {
    const fold = document.getElementById(id);
    if (fold) fold.open = true;
  }
  part.querySelectorAll(".scroll").forEach((box, at) => (box.scrollLeft = scrolled[at] ?? 0));
  if (focus) find(part, focus)?.focus({ preventScroll: true });
}

/** A place is a link by its address, or a fold's summary by the fold. */
function placeOf(part, element) {
  const fold = element.matches("summary") ? element.parentElement.id : "";
  const href = element.getAttribute("href");
  const twins = href ? links(part, href) : [];
  return { fold, href, at: twins.indexOf(element) };
}

function find(part, { fold, href, at }) {
  if (fold) return document.getElementById(fold)?.querySelector("summary");
  const twins = href ? links(part, href) : [];
  return twins[at] ?? twins[0];
}

function links(part, href) {
  return [...part.querySelectorAll("a")].filter((link) => link.getAttribute("href") === href);
}
