// A note on every page while the reader's own bulk job runs, and once when it has ended.
import { recall, remember } from "./memory.js";

const EACH = 3000;
const STORE = "sessionStorage";

/** A job's own page ([data-bulk-job]) makes this tab remember it while it runs; the other pages tell how far it is. */
export function startBulkNote() {
  const here = document.querySelector("[data-bulk-job]")?.dataset;
  if (here?.bulkRuns) {
    remember("bulk", here.bulkJob, STORE);
    return undefined;
  }
  const job = recall("bulk", STORE);
  if (here?.bulkJob === job) {
    // The page itself says how it ended.
    remember("bulk", null, STORE);
    return undefined;
  }
  return job && /^\d+$/.test(job) ? follow(job) : undefined;
}

async function follow(job) {
  const answer = await ask(job);
  // Hidden meanwhile, or another job is followed by now.
  if (recall("bulk", STORE) !== job) return;
  if (answer === "gone") {
    remember("bulk", null, STORE);
    return;
  }
  if (answer) {
    show(answer);
    if (!answer.runs) {
      remember("bulk", null, STORE);
      return;
    }
  }
  setTimeout(() => follow(job), EACH);
}

/** The progress, "gone" where the job is not to be seen any more, or null where nobody answered this time. */
async function ask(job) {
  try {
    const response = await fetch(`/bulk-jobs/progress/${job}`, { headers: { Accept: "application/json" } });
    if (response.status === 404 || response.status === 403 || response.redirected) return "gone";
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}

/** The words of the note. */
export function words({ label, settled, total, runs, state, skipped, failed }, locale) {
  const number = new Intl.NumberFormat(locale);
  if (runs) return `${label}: ${number.format(settled)} of ${number.format(total)}`;
  const rest = [skipped && `${number.format(skipped)} skipped`, failed && `${number.format(failed)} failed`].filter(Boolean);
  const ended = state === "done" ? "done" : state;
  return [`${label}: ${ended}`, ...rest].join(", ");
}

function show(progress) {
  let note = document.getElementById("bulk-note");
  if (!note) {
    note = document.createElement("aside");
    note.id = "bulk-note";
    note.className = "toast";
    note.setAttribute("aria-label", "Bulk job");
    const link = document.createElement("a");
    const close = document.createElement("button");
    close.type = "button";
    close.className = "button quiet small";
    close.textContent = "Hide";
    close.addEventListener("click", () => {
      remember("bulk", null, STORE);
      note.remove();
    });
    link.setAttribute("role", "status");
    note.append(link, close);
    document.body.append(note);
  }
  const link = note.querySelector("a");
  link.href = progress.href;
  link.textContent = words(progress, navigator.language);
}
