// Charts drawn from the tables that stand under them: the table is the truth, the bars are a way to see it.
import { BarController, BarElement, CategoryScale, Chart, LinearScale, Tooltip } from "chart.js";
import { localNumber } from "./numbers.js";

Chart.register(BarController, BarElement, CategoryScale, LinearScale, Tooltip);

// Which token colours a bar, by the tone of its row.
const TOKENS = { late: "--amber", now: "--accent", none: "--ink-faint", "": "--teal" };

/** The bars of a table: {label, title, records, units, href, tone} for each row of its body. */
export function barsOf(table) {
  return [...table.querySelectorAll("tbody tr")].map((row) => {
    const [records, units] = [...row.querySelectorAll("data")].map((figure) => figure.getAttribute("value"));
    return {
      label: row.dataset.short || row.querySelector("th").textContent.trim(),
      title: row.querySelector("th").textContent.trim(),
      records: Number(records),
      units,
      href: row.querySelector("a").getAttribute("href"),
      tone: row.dataset.tone ?? "",
    };
  });
}

/** What a bar says when it is pointed at: its count and its units, in `locale`. */
export function tellBar(bar, noun, locale) {
  return [`${localNumber(String(bar.records), locale)} ${noun}`, `${localNumber(bar.units, locale)} units`];
}

/** The whole description of a chart, for Chart.js; `colour` turns the name of a token into a colour. */
export function describe(bars, noun, locale, colour, open) {
  return {
    type: "bar",
    data: {
      // Word under word, so that every bar has its label on a narrow screen, too.
      labels: bars.map((bar) => bar.label.split(" ")),
      datasets: [
        {
          // A bar of one must be seen beside one of ten thousand, and none is no bar.
          data: bars.map((bar) => bar.records || null),
          minBarLength: 2,
          backgroundColor: bars.map((bar) => lighter(colour(tokenOf(bar)), colour("--surface"))),
          hoverBackgroundColor: bars.map((bar) => colour(tokenOf(bar))),
          borderRadius: 3,
          maxBarThickness: 42,
        },
      ],
    },
    options: {
      // Nothing moves: the figures change each minute, and some readers ask for no motion at all.
      animation: false,
      responsive: true,
      maintainAspectRatio: false,
      interaction: { mode: "index", intersect: false },
      onClick: (event, hit) => hit.length && open(bars[hit[0].index].href, event.native),
      onHover: (event, hit) => {
        event.native.target.style.cursor = hit.length ? "pointer" : "";
      },
      plugins: {
        tooltip: {
          displayColors: false,
          backgroundColor: colour("--ink"),
          titleColor: colour("--surface"),
          bodyColor: colour("--surface"),
          titleFont: { family: colour("font") },
          bodyFont: { family: colour("font") },
          callbacks: {
            title: ([item]) => bars[item.dataIndex].title,
            label: (item) => tellBar(bars[item.dataIndex], noun, locale),
          },
        },
      },
      scales: {
        x: {
          grid: { display: false },
          border: { color: colour("--line") },
          ticks: { ...tick(colour), autoSkip: false, maxRotation: 0 },
        },
        y: {
          beginAtZero: true,
          grid: { color: colour("--line") },
          border: { display: false },
          ticks: { ...tick(colour), precision: 0, maxTicksLimit: 5 },
        },
      },
    },
  };
}

function tokenOf(bar) {
  return TOKENS[bar.tone] ?? TOKENS[""];
}

/** Tokens are as strong as text needs them; a whole bar needs less. It is opaque: lines behind it must not be seen. */
export function lighter(colour, ground) {
  const [front, back] = [colour, ground].map((text) => /^rgb\((\d+), (\d+), (\d+)\)$/.exec(text)?.slice(1).map(Number));
  if (!front || !back) return colour;
  const mixed = front.map((part, at) => Math.round(part * STRENGTH + back[at] * (1 - STRENGTH)));
  return `rgb(${mixed.join(", ")})`;
}

const STRENGTH = 0.75;

function tick(colour) {
  return { color: colour("--ink-faint"), font: { family: colour("font"), size: 11 } };
}

/** Draw every chart [data-chart] inside `root`. */
export function drawCharts(root) {
  for (const figure of root.querySelectorAll("[data-chart]")) draw(figure);
}

function draw(figure) {
  const canvas = figure.querySelector("canvas");
  Chart.getChart(canvas)?.destroy();
  // Its place has a size only once it is shown.
  figure.classList.add("drawn");
  const bars = barsOf(figure.querySelector("table"));
  new Chart(canvas, describe(bars, figure.dataset.noun, navigator.language, colourOf(figure), follow));
}

/** Tokens are pairs for light and dark: which of both counts is known to an element that wears the token. */
function colourOf(figure) {
  const probe = document.createElement("span");
  const styles = getComputedStyle(probe);
  figure.append(probe);
  const found = new Map();
  for (const name of [...Object.values(TOKENS), "--ink", "--ink-faint", "--surface", "--line"]) {
    probe.style.color = `var(${name})`;
    found.set(name, styles.color);
  }
  found.set("font", styles.fontFamily);
  probe.remove();
  return (name) => found.get(name);
}

function follow(href, event) {
  if (event.ctrlKey || event.metaKey) window.open(href, "_blank", "noopener");
  else window.location.assign(href);
}

/** Draw what is there, what htmx brings, and all of it again when the theme changes. */
export function startCharts() {
  const again = () => drawCharts(document.body);
  again();
  document.body.addEventListener("htmx:afterSettle", (event) => drawCharts(event.detail.elt));
  new MutationObserver(again).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
}
