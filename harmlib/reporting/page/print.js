// Print shows folded parts as they stand, closed ones by their summaries. The button opens all of
// them for one print, and closes them again.
for (const button of document.querySelectorAll("button.print-all")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const folded = [...document.querySelectorAll("main details:not([open])")];
    folded.forEach((part) => { part.open = true; });
    addEventListener("afterprint", () => folded.forEach((part) => { part.open = false; }), { once: true });
    // Two frames: figures in a part that was folded are laid out only now.
    requestAnimationFrame(() => requestAnimationFrame(() => print()));
  });
}
