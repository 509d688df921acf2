// Tabs after the ARIA pattern: arrow keys move among them. Those of one name change together.
{
  let made = 0;
  const groups = [...document.querySelectorAll(".tabs")].map((root) => {
    const list = document.createElement("div"), tabs = new Map();
    list.setAttribute("role", "tablist");
    list.setAttribute("aria-label", root.getAttribute("aria-label"));
    root.removeAttribute("role");
    root.removeAttribute("aria-label");
    for (const panel of root.querySelectorAll(":scope > .panel")) {
      const tab = document.createElement("button"), name = panel.querySelector("h4").textContent;
      made += 1;
      Object.assign(tab, { type: "button", id: `tab-${made}`, textContent: name });
      tab.setAttribute("role", "tab");
      panel.id ||= `panel-${made}`;
      tab.setAttribute("aria-controls", panel.id);
      panel.setAttribute("role", "tabpanel");
      panel.setAttribute("aria-labelledby", tab.id);
      panel.tabIndex = 0;
      tab.addEventListener("click", () => choose(name));
      // Found by the browser's search, or led to by a link
      for (const kind of ["beforematch", "reveal"]) panel.addEventListener(kind, () => choose(name));
      tabs.set(name, { tab, panel });
      list.append(tab);
    }
    list.addEventListener("keydown", (event) => {
      const names = [...tabs.keys()], now = names.findIndex((n) => tabs.get(n).tab === event.target);
      const to = { ArrowRight: now + 1, ArrowLeft: now - 1, Home: 0, End: names.length - 1 }[event.key];
      if (to === undefined || now < 0) return;
      event.preventDefault();
      const name = names[(to + names.length) % names.length];
      choose(name);
      tabs.get(name).tab.focus();
    });
    root.prepend(list);
    return tabs;
  });
  const show = (tabs, name) => {
    for (const [own, { tab, panel }] of tabs) {
      tab.setAttribute("aria-selected", own === name);
      tab.tabIndex = own === name ? 0 : -1;
      if (own === name) panel.removeAttribute("hidden");
      else panel.setAttribute("hidden", "until-found");
    }
  };
  const choose = (name) => groups.filter((tabs) => tabs.has(name)).forEach((tabs) => show(tabs, name));
  for (const tabs of groups) show(tabs, tabs.keys().next().value);
}
