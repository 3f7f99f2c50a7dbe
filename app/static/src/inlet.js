import htmx from "htmx.org";

// The Content-Security-Policy allows neither eval nor styles without a nonce.
htmx.config.allowEval = false;
htmx.config.includeIndicatorStyles = false;
