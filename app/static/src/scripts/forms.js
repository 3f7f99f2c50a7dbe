// Forms: sent once, dates with the browser's own picker, long choices as ticks with a box to filter them.

export function startForms() {
  document.addEventListener("submit", sendOnce);
  // A page that comes back from the browser's memory can be sent again.
  window.addEventListener("pageshow", () => {
    for (const button of document.querySelectorAll("button.busy")) free(button);
  });
}

function sendOnce(event) {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  const button = event.submitter ?? form.querySelector("button:not([type=button])");
  if (!button || button.classList.contains("busy")) {
    if (button) event.preventDefault();
    return;
  }
  button.classList.add("busy");
  button.setAttribute("aria-busy", "true");
  // An answer that is a file leaves the page where it is.
  setTimeout(() => free(button), 8000);
}

function free(button) {
  button.classList.remove("busy");
  button.removeAttribute("aria-busy");
}

/** Dress the fields of every form inside `root`. */
export function dressForms(root) {
  for (const wrap of root.querySelectorAll(".appbuilder_date, .appbuilder_datetime")) pickDate(wrap);
  for (const select of root.querySelectorAll("form select[multiple]:not([hidden])")) pickSeveral(select);
}

/** The stock date field is a text beside an icon; the browser's own picker takes its place and sends the same text. */
export function pickDate(wrap) {
  const field = wrap.querySelector("input");
  const withTime = wrap.classList.contains("appbuilder_datetime");
  const picker = document.createElement("input");
  picker.type = withTime ? "datetime-local" : "date";
  if (withTime) picker.step = "1";
  picker.value = field.value.replace(" ", "T");
  picker.id = field.id;
  picker.setAttribute("aria-label", field.getAttribute("aria-label") ?? "Date");
  field.type = "hidden";
  field.removeAttribute("id");
  picker.addEventListener("input", () => {
    const text = picker.value.replace("T", " ");
    field.value = withTime && text.length === 16 ? `${text}:00` : text;
  });
  wrap.replaceWith(picker, field);
}

/** Ticks in place of a native list of several; the list stays in the form and is what is sent. */
function pickSeveral(select) {
  const label = select.labels[0]?.textContent.trim() ?? "";
  const list = part("div", "picker-list");
  list.setAttribute("role", "group");
  list.setAttribute("aria-label", label);
  list.append(...[...select.options].map((option) => tickFor(option)));
  const count = document.createElement("output");
  const tally = () => {
    count.textContent = `${select.selectedOptions.length} of ${select.options.length}`;
  };
  list.addEventListener("change", tally);
  const head = part("div", "picker-head");
  head.append(filterBox(list, label), count);
  const picker = part("div", "picker");
  picker.append(head, list);
  select.after(picker);
  select.hidden = true;
  tally();
}

function tickFor(option) {
  const line = document.createElement("label");
  const tick = document.createElement("input");
  tick.type = "checkbox";
  tick.checked = option.selected;
  tick.addEventListener("change", () => {
    option.selected = tick.checked;
  });
  line.append(tick, option.textContent);
  return line;
}

function filterBox(list, label) {
  const box = document.createElement("input");
  box.type = "search";
  box.placeholder = "Filter";
  box.setAttribute("aria-label", `Filter ${label}`);
  box.addEventListener("input", () => {
    const wanted = box.value.toLowerCase();
    for (const line of list.children) line.hidden = !line.textContent.toLowerCase().includes(wanted);
  });
  // Enter filters here; it does not send the form around it.
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault();
  });
  return box;
}

function part(tag, className) {
  const element = document.createElement(tag);
  element.className = className;
  return element;
}
