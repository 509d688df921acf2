// The contents: beside the text where there is room, else a bar of one line that opens; the section
// that is being read is marked. (`folds.js` opens the folded part that a link leads into.)
{
  const nav = document.querySelector("nav.contents");
  const wide = matchMedia("(min-width: 90rem)");

  if (nav) {
    const folder = nav.querySelector("details"), list = nav.querySelector(".list");
    const here = nav.querySelector(".here"), links = [...nav.querySelectorAll("a")];
    const heads = links.map((link) => document.getElementById(link.getAttribute("href").slice(1)));
    nav.classList.add("follows");

    const fold = () => { folder.open = wide.matches; };
    wide.addEventListener("change", fold);
    fold();
    const close = () => { if (!wide.matches) folder.open = false; };
    list.addEventListener("click", (event) => { if (event.target.closest("a, button")) close(); });
    nav.addEventListener("focusout", (event) => {
      if (event.relatedTarget && !nav.contains(event.relatedTarget)) close();
    });
    nav.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || wide.matches || !folder.open) return;
      close();
      nav.querySelector("summary").focus();
    });
    document.addEventListener("pointerdown", (event) => { if (!nav.contains(event.target)) close(); });

    let current = null;
    const mark = () => {
      const line = 96;  // a heading that a link leads to lies above it, the one below it beneath
      const seen = heads.map((head, i) => [i, head]).filter(([, head]) => head.getClientRects().length);
      const passed = seen.filter(([, head]) => head.getBoundingClientRect().top <= line);
      const ended = innerHeight + scrollY >= document.documentElement.scrollHeight - 2;
      const found = (ended && scrollY ? seen : passed).at(-1);
      const link = found && links[found[0]];
      if (link === current) return;
      current?.removeAttribute("aria-current");
      current = link;
      current?.setAttribute("aria-current", "location");
      here.textContent = current ? current.textContent : "";
      if (current && wide.matches) {
        const top = current.offsetTop;
        if (top < nav.scrollTop || top > nav.scrollTop + nav.clientHeight - 60) {
          nav.scrollTop = top - nav.clientHeight / 2;
        }
      }
    };
    let waits = false;
    const later = () => {
      if (waits) return;
      waits = true;
      requestAnimationFrame(() => { waits = false; mark(); });
    };
    for (const event of ["scroll", "resize", "load"]) addEventListener(event, later, { passive: true });
    document.addEventListener("toggle", later, true);
    mark();
  }
}
