// Dialogs: a link with data-dialog opens one; a form with data-confirm asks before it posts.

export function startDialogs() {
  // The form of a dialog that was loaded into it takes the focus, as one that was there.
  document.body.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.closest?.("dialog[open] [data-dialog-form]")) focusIn(event.target);
  });
  for (const dialog of document.querySelectorAll("dialog[data-bulk-dialog]")) keepFieldsOut(dialog);
  document.addEventListener("click", onClick);
  document.addEventListener("submit", ask, true);
}

/** Open the dialog `id` over the page; the first field or the safe button has the focus. */
export function openDialog(id) {
  const dialog = document.getElementById(id);
  if (!dialog || dialog.open) return;
  const fields = dialog.querySelector("fieldset");
  if (fields) fields.disabled = false;
  for (const field of dialog.querySelectorAll("[data-required]")) field.required = true;
  dialog.showModal();
  // What stands inside may load itself now: what exactly an action would do.
  dialog.dispatchEvent(new CustomEvent("opened"));
  focusIn(dialog);
}

function focusIn(part) {
  part.querySelector("textarea, input:not([type=hidden])")?.focus();
}

function onClick(event) {
  const opener = event.target.closest("[data-dialog]");
  if (opener) {
    event.preventDefault();
    openDialog(opener.dataset.dialog);
    return;
  }
  const dialog = event.target.closest("dialog[open]");
  if (!dialog) return;
  // A click beside the panel lands on the dialog itself.
  const beside = event.target === dialog && !isInside(dialog.getBoundingClientRect(), event);
  if (event.target.closest("[data-close]") || beside) {
    event.preventDefault();
    dialog.close();
  }
}

function isInside(box, event) {
  return event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
}

/** Several dialogs share one form: only the open one's fields may be sent, or hold the form up. */
function keepFieldsOut(dialog) {
  const lock = () => {
    dialog.querySelector("fieldset").disabled = true;
  };
  lock();
  dialog.addEventListener("close", lock);
}

function ask(event) {
  const form = event.target;
  const text = form.dataset.confirm;
  if (text === undefined || form.dataset.confirmed) return;
  event.preventDefault();
  event.stopPropagation();
  const dialog = document.getElementById("confirm");
  const yes = dialog.querySelector("[data-confirm-yes]");
  const danger = form.hasAttribute("data-confirm-danger");
  dialog.querySelector("[data-confirm-title]").textContent = form.dataset.confirmTitle ?? "Are you sure?";
  dialog.querySelector("[data-confirm-text]").textContent = text;
  yes.textContent = form.dataset.confirmLabel ?? "Continue";
  yes.className = `button ${danger ? "danger" : "primary"}`;
  dialog.returnValue = "";
  dialog.addEventListener("close", () => answer(dialog, form, event.submitter), { once: true });
  dialog.showModal();
}

function answer(dialog, form, submitter) {
  if (dialog.returnValue !== "yes") return;
  form.dataset.confirmed = "yes";
  form.requestSubmit(submitter ?? undefined);
}
