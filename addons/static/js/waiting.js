// A line at the top of the window for as long as something that was asked for takes longer than a moment.

const MOMENT = 300; // ms
let shown = 0;

/** Call what this returns when the answer is there. */
export function waiting() {
  let isShown = false;
  const timer = setTimeout(() => { isShown = true; show(1) }, MOMENT);
  return () => { clearTimeout(timer); if (isShown) show(-1) };
}

function show(more) {
  shown += more;
  document.documentElement.classList.toggle('is-waiting', shown > 0);
  document.body.setAttribute('aria-busy', String(shown > 0));
}
