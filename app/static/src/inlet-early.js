// Runs before anything is drawn, so that no page flashes in the wrong theme or with the wrong sidebar.
import { recall } from "./scripts/memory.js";

const root = document.documentElement;
root.classList.add("scripted");
const theme = recall("theme");
if (theme === "light" || theme === "dark") root.dataset.theme = theme;
if (recall("sidebar") === "slim") root.dataset.sidebar = "slim";
