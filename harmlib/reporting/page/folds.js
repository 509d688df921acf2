// A link into a folded part opens it, also when it is followed for the second time.
{
  const open = (name) => {
    const target = name && document.getElementById(decodeURIComponent(name));
    if (!target) return;
    for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    target.dispatchEvent(new CustomEvent("reveal", { bubbles: true }));
    target.scrollIntoView();
  };
  addEventListener("hashchange", () => open(location.hash.slice(1)));
  addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (link && link.hash === location.hash) open(link.hash.slice(1));
  });
  open(location.hash.slice(1));
}
