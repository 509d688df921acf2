// The contents stand beside the page where there is room, and are folded above it where not.
const contents = document.querySelector("nav details"), wide = matchMedia("(min-width: 90rem)");
if (contents) {
  const fold = () => { contents.open = wide.matches; };
  wide.addEventListener("change", fold);
  fold();
}
