// Calls each of `dressers` with the page, and again with every part that htmx brings in.
export function contents(...dressers) {
  const dress = (root) => dressers.forEach((dresser) => dresser(root));
  dress(document.body);
  document.body.addEventListener("htmx:afterSettle", (event) => dress(event.detail.elt));
}
