// Figures as the reader's locale writes them. The server writes them with commas and a point.

/** `text` (a plain decimal such as "1180.5") in `locale`; `decimals` fixes how many digits follow the point. */
export function localNumber(text, locale, decimals) {
  const shown = decimals ?? (text.split(".")[1] ?? "").length;
  // A text goes in, not a number: quantities may hold more digits than a float.
  return new Intl.NumberFormat(locale, { minimumFractionDigits: shown, maximumFractionDigits: shown }).format(text);
}

/** Write every <data value> inside `root`. */
export function writeNumbers(root) {
  for (const element of root.querySelectorAll("data[value]")) {
    const text = element.getAttribute("value");
    const decimals = element.dataset.decimals;
    if (/^-?\d+(\.\d+)?$/.test(text)) {
      element.textContent = localNumber(text, navigator.language, decimals && Number(decimals));
    }
  }
}
