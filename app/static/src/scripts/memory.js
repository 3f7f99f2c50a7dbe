// Small things that this browser remembers. A browser that refuses to store is no reason to fail.

/** The text kept under `name`, or null. */
export function recall(name, store = "localStorage") {
  try {
    return window[store].getItem(`inlet.${name}`);
  } catch {
    return null;
  }
}

/** Keep `text` under `name`; null forgets it. */
export function remember(name, text, store = "localStorage") {
  try {
    if (text === null) window[store].removeItem(`inlet.${name}`);
    else window[store].setItem(`inlet.${name}`, text);
  } catch {
    // Private windows may refuse; the page works all the same, it only forgets.
  }
}
