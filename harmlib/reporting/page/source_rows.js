// Pressing a number shows the row of its table. Where this can't run, pointing at it names the cell.
{
  const given = document.getElementById("source-rows");
  if (given && HTMLElement.prototype.showPopover) {
    const { words, tables } = JSON.parse(given.textContent);
    const numbers = [...document.querySelectorAll("main data[data-cell]")].filter(
      // No button may stand within another one: what a summary says is found again in its part.
      (one) => !one.closest("summary, a, button, label, [role=button], [role=tab]"),
    );
    const make = (tag, text, attributes = {}) => {
      const made = Object.assign(document.createElement(tag), { textContent: text });
      for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
      return made;
    };
    const card = make("div", "", {
      popover: "auto", class: "source-row", role: "dialog", tabindex: "-1", "aria-label": words.title,
    });
    document.body.append(card);
    let opened = null;

    // One stop of the keyboard a paragraph, from which arrows lead on: a report has hundreds of
    // numbers, and whoever walks through it with Tab must not press it for each of them.
    const block = (one) => one.closest("p, li, td, th, caption, figcaption, h3, h4, figure") ?? one;
    const blocks = new Map();
    for (const one of numbers) {
      const own = blocks.get(block(one)) ?? [];
      blocks.set(block(one), [...own, one]);
      one.setAttribute("role", "button");
      one.setAttribute("aria-haspopup", "dialog");
      one.tabIndex = own.length ? -1 : 0;
    }
    const move = (from, step) => {
      const own = blocks.get(block(from));
      const to = own[(own.indexOf(from) + step + own.length) % own.length];
      from.tabIndex = -1;
      to.tabIndex = 0;
      to.focus();
    };

    // tables/x.csv[3].f1 - tables/x.csv[4].f1 → per table its rows, and the columns that count
    const cited = (cell) => {
      const found = new Map();
      for (const [, table, rows, column] of cell.matchAll(/(tables\/[^/\\[\]()]+\.csv)(?:\[([\d,]+)\](?:\.(\w+))?)?/g)) {
        const one = found.get(table) ?? { rows: [], columns: new Set() };
        one.rows.push(...(rows ?? "").split(",").filter((row) => row && !one.rows.includes(row)));
        if (column) one.columns.add(column);
        found.set(table, one);
      }
      return found;
    };
    const drawn = (name, { rows, columns }, several) => {
      const table = tables[name], box = make("div", "", { class: "rows" });
      const known = rows.filter((row) => table?.rows[row]);
      if (several) box.append(make("p", name, { class: "name" }));
      if (known.length) {
        const grid = document.createElement("table"), head = grid.createTHead().insertRow();
        head.append(make("th", words.column, { scope: "col" }));
        for (const row of known) head.append(make("th", `${words.row} ${row}`, { scope: "col" }));
        const body = grid.createTBody();
        table.keys.forEach((key, i) => {
          const line = body.insertRow();
          line.classList.toggle("cited", columns.has(key));
          line.append(make("th", table.names[i], { scope: "row", title: key }));
          for (const row of known) line.append(make("td", table.rows[row][i]));
        });
        box.append(grid);
        if (known.length < rows.length) box.append(make("p", words.more));
      }
      const link = make("p", "");
      link.append(make("a", words.file, { href: name.split("/").map(encodeURIComponent).join("/") }));
      box.append(link);
      return box;
    };
    const place = (one) => {
      const at = one.getBoundingClientRect(), { offsetWidth: width, offsetHeight: height } = card;
      const room = document.documentElement.clientWidth - width - 8;
      card.style.left = `${Math.max(8, Math.min(at.left, room))}px`;
      const below = at.bottom + 6, above = at.top - height - 6;
      card.style.top = `${below + height <= innerHeight || above < 0 ? Math.min(below, Math.max(8, innerHeight - height - 8)) : above}px`;
    };
    const open = (one) => {
      const close = make("button", "×", { type: "button", "aria-label": words.close, class: "close" });
      close.addEventListener("click", () => card.hidePopover());
      const exact = make("p", `${words.exact}: `);
      exact.append(make("strong", String(Number(one.value))));
      card.replaceChildren(close, make("p", one.dataset.cell, { class: "cell" }), exact);
      const found = [...cited(one.dataset.cell)];
      card.append(...found.map(([name, what]) => drawn(name, what, found.length > 1)));
      opened = one;
      card.showPopover();
      place(one);
      one.setAttribute("aria-expanded", "true");
      card.focus({ preventScroll: true });
      card.scrollTop = 0;
    };
    // The browser closes it on Escape or a press elsewhere, and gives the focus back to the number.
    card.addEventListener("beforetoggle", (event) => {
      if (event.newState !== "closed" || !opened) return;
      opened.removeAttribute("aria-expanded");
      opened = null;
    });

    for (const one of numbers) {
      one.addEventListener("click", () => { if (getSelection().isCollapsed) open(one); });
      one.addEventListener("keydown", (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (step) move(one, step);
        else if (event.key === "Enter" || event.key === " ") open(one);
        else return;
        event.preventDefault();
      });
    }
  }
}
