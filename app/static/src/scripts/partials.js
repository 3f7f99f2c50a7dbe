// Parts of a page that htmx loads: what to say when a part did not come.

export function startPartials() {
  document.body.addEventListener("htmx:sendError", (event) => {
    if (!isByItself(event)) tell("Inlet did not answer.", "Check your connection, then try again.");
  });
  document.body.addEventListener("htmx:responseError", (event) => {
    // Signed out, or refused: the whole page knows how to say it.
    if (event.detail.xhr.status === 401) window.location.reload();
    else if (!isByItself(event)) tell("This part could not be loaded.", "Reload the page, then try again.");
  });
}

/** Nobody asked for a part that loads itself anew: it says by its own time how old it is, and comes with the next try. */
function isByItself(event) {
  return event.detail.elt.matches("[data-refresh]");
}

function tell(what, remedy) {
  const list = document.getElementById("flashes");
  const message = document.createElement("div");
  message.className = "alert tone-red";
  message.setAttribute("role", "alert");
  const text = document.createElement("p");
  text.className = "alert-text";
  text.textContent = `${what} ${remedy}`;
  message.append(text);
  list.replaceChildren(message);
  list.hidden = false;
  list.scrollIntoView({ block: "nearest" });
}
