// The frame: theme, sidebar, messages that can be dismissed.
import { recall, remember } from "./memory.js";

const root = document.documentElement;

export function startFrame() {
  markTheme();
  const toggle = document.querySelector("[data-sidebar-toggle]");
  toggle?.setAttribute("aria-expanded", String(root.dataset.sidebar !== "slim"));
  document.addEventListener("click", (event) => {
    const on = (selector) => event.target.closest(selector);
    const choice = on("[data-theme-choice]");
    if (choice) pinTheme(choice.dataset.themeChoice);
    else if (on("[data-sidebar-toggle]")) toggleSidebar(toggle);
    else if (on("[data-sidebar-open]")) openDrawer(event);
    else if (on("[data-sidebar-close]")) closeDrawer(event);
    else if (on("[data-dismiss]")) dismiss(on(".alert"));
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") closeDrawer(event);
  });
}

/** "system" follows the system; "light" and "dark" stay in this browser. */
function pinTheme(theme) {
  remember("theme", theme === "system" ? null : theme);
  if (theme === "system") delete root.dataset.theme;
  else root.dataset.theme = theme;
  markTheme();
}

function markTheme() {
  const theme = recall("theme") ?? "system";
  for (const button of document.querySelectorAll("[data-theme-choice]")) {
    button.setAttribute("aria-pressed", String(button.dataset.themeChoice === theme));
  }
}

function toggleSidebar(toggle) {
  const slim = root.dataset.sidebar !== "slim";
  if (slim) root.dataset.sidebar = "slim";
  else delete root.dataset.sidebar;
  remember("sidebar", slim ? "slim" : null);
  toggle.setAttribute("aria-expanded", String(!slim));
}

function openDrawer(event) {
  event.preventDefault();
  const sidebar = document.getElementById("sidebar");
  sidebar.classList.add("shown");
  sidebar.querySelector("a")?.focus();
}

function closeDrawer(event) {
  const sidebar = document.getElementById("sidebar");
  if (!sidebar?.classList.contains("shown")) return;
  event.preventDefault();
  sidebar.classList.remove("shown");
  document.querySelector("[data-sidebar-open]")?.focus();
}

function dismiss(message) {
  const list = message.parentElement;
  message.remove();
  if (!list.querySelector(".alert")) list.hidden = true;
}
