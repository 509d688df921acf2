// A table that is wider than its place says so, and is a stop of the keyboard only then.
{
  const look = (box) => {
    const hidden = box.scrollWidth - box.clientWidth;
    box.classList.toggle("wider", hidden > 1);
    box.classList.toggle("more", box.scrollLeft < hidden - 1);
    box.style.setProperty("--place", `${box.clientWidth}px`);
    if (hidden > 1) box.tabIndex = 0;
    else if (document.activeElement !== box) box.removeAttribute("tabindex");
  };
  const sizes = new ResizeObserver((found) => found.forEach((one) => look(one.target)));
  for (const box of document.querySelectorAll("main .table")) {
    sizes.observe(box);
    box.addEventListener("scroll", () => look(box), { passive: true });
  }
}
