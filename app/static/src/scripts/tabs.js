// Tabs: one that was opened is kept, and shown again without asking, as long as it is fresh.

const FRESH = 60_000;

/** Keeps the panels of the tabs that were left: their nodes, where they were, and when they came. */
export class Panels {
  #kept = new Map();

  /** Take the nodes out of `panel`; `href` is where the tab leads, `address` where the page stood. */
  keep(href, panel, address, now) {
    const nodes = document.createDocumentFragment();
    nodes.append(...panel.childNodes);
    this.#kept.set(href, { nodes, address, since: now });
  }

  /** What was kept under `href`, once, if it is fresh; else null. */
  take(href, now) {
    const found = this.#kept.get(href);
    this.#kept.delete(href);
    return found && now - found.since < FRESH ? found : null;
  }
}

export function startTabs() {
  const panels = new Panels();
  // When the panel that is shown came.
  let since = Date.now();
  document.body.addEventListener("htmx:beforeRequest", (event) => {
    const tab = event.detail.elt.closest("[data-tabs] a");
    if (!tab) return;
    const kept = panels.take(tab.href, Date.now());
    if (!kept) return;
    event.preventDefault();
    const panel = document.getElementById("tab-panel");
    leave(panels, panel, since);
    panel.replaceChildren(kept.nodes);
    since = kept.since;
    history.pushState({ htmx: true }, "", kept.address);
    markTab(tab);
  });
  // Before htmx clears the panel: what is taken out keeps its listeners.
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    const tab = event.detail.requestConfig?.elt?.closest("[data-tabs] a");
    if (!tab || !event.detail.shouldSwap) return;
    leave(panels, event.detail.target, since);
    since = Date.now();
  });
  document.body.addEventListener("htmx:afterRequest", (event) => {
    const tab = event.detail.elt.closest("[data-tabs] a");
    if (tab && event.detail.successful) markTab(tab);
  });
}

function leave(panels, panel, since) {
  const open = document.querySelector("[data-tabs] a[aria-current]");
  if (open) panels.keep(open.href, panel, window.location.href, since);
}

function markTab(tab) {
  for (const other of tab.parentElement.children) other.removeAttribute("aria-current");
  tab.setAttribute("aria-current", "page");
}
