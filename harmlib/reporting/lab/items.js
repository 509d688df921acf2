// One page of items. Python sorts, cuts into pages and keeps the notes; here they are drawn, and what a
// person is typing outlives every redrawing.
const COLUMNS = [
  ["item", "item_id", "항목"], ["group", "group", "그룹"], ["label", "label", "라벨"],
  ["probability", "probability", "확률"], ["distance", "distance", "threshold와의 차이"],
  ["outcome", "outcome", "판정 결과"],
];
const QUIET_MS = 250; // pictures are asked for when the table has not changed for so long

const make = (kind, attributes = {}, ...children) => {
  const made = document.createElement(kind);
  for (const [name, value] of Object.entries(attributes))
    if (value !== false && value !== null) made.setAttribute(name, value === true ? "" : value);
  made.append(...children);
  return made;
};

function render({ model, el }) {
  const drafts = new Map(); // notes that are being typed, by item
  const pictures = new Map(); // HTML by item: asked for once
  const problem = make("p", { role: "alert", hidden: true });
  const status = make("p", { role: "status", class: "unseen" });
  const tools = make("div", { class: "toolbar" });
  const body = make("div", { class: "items-table" });
  // JupyterLab would take keys for shortcuts of its own.
  const root = make("div", { class: "veiled-pictures harm-items", "data-lm-suppress-shortcuts": "true", lang: "ko" });
  root.append(problem, tools, status, body);
  el.append(root);
  const send = (kind, content) => model.send({ kind, ...content });

  const note = (row) => {
    const text = drafts.get(row.item) ?? row.note;
    const field = make("input", { type: "text", "data-key": `note ${row.item}`, "aria-label": `메모: ${row.item}`, maxlength: 500 });
    field.value = text;
    field.addEventListener("input", () => drafts.set(row.item, field.value));
    field.addEventListener("change", () => send("note", { item: row.item, note: field.value }));
    field.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Enter") field.blur();
    });
    return make("td", {}, field);
  };
  const line = (row) => {
    const pick = make("button", { type: "button", class: "pick", "data-key": `pick ${row.item}`, "aria-pressed": String(row.picked) }, row.item);
    pick.addEventListener("click", () => send("pick", { item: row.item }));
    const cells = COLUMNS.slice(1).map(([key]) => {
      const mark = key === "distance" && row.near ? make("span", { class: "near" }, "threshold 근처") : "";
      const isNumber = key === "probability" || key === "distance";
      return make("td", { class: isNumber ? "number" : key }, row[key], mark);
    });
    const picture = model.get("page").pictures ? [make("td", { class: "preview", "data-item": row.item })] : [];
    if (picture.length) picture[0].innerHTML = pictures.get(row.item) ?? '<div class="none">…</div>';
    const notes = model.get("page").notes ? [note(row)] : [];
    return make("tr", { class: [row.wrong && "wrong", row.picked && "picked"].filter(Boolean).join(" ") || null },
      ...picture, make("th", { scope: "row" }, pick), ...cells, ...notes);
  };
  const head = (page) => {
    const sortable = page.notes ? [...COLUMNS, ["note", "note", "메모"]] : COLUMNS;
    const cells = sortable.map(([, by, title]) => {
      const own = by === page.by;
      const sort = own ? (page.descending ? "descending" : "ascending") : null;
      const button = make("button", { type: "button", "data-key": `sort ${by}` }, title,
        make("span", { "aria-hidden": "true" }, own ? (page.descending ? " ▼" : " ▲") : " ↕"));
      button.addEventListener("click", () => send("sort", { by }));
      return make("th", { scope: "col", "aria-sort": sort }, button);
    });
    return make("thead", {}, make("tr", {}, ...(page.pictures ? [make("th", { scope: "col" }, "미리보기")] : []), ...cells));
  };
  const turns = (page) => {
    const turn = (title, to) => {
      const button = make("button", { type: "button", "data-key": `turn ${title}`, disabled: to < 0 || to >= page.pages }, title);
      button.addEventListener("click", () => send("page", { page: to }));
      return button;
    };
    return make("div", { class: "turns" }, turn("이전", page.page - 1),
      make("span", {}, `${page.pages}쪽 중 ${page.page + 1}쪽`), turn("다음", page.page + 1));
  };

  let resting;
  const askForPictures = () => {
    clearTimeout(resting);
    resting = setTimeout(() => {
      const items = model.get("page").rows.map((row) => row.item).filter((item) => !pictures.has(item));
      if (items.length && model.get("page").pictures) send("pictures", { items });
    }, QUIET_MS);
  };
  const draw = () => {
    const page = model.get("page");
    const focused = document.activeElement?.dataset?.key;
    const caption = page.total === page.of
      ? `검증 항목 ${page.of}개`
      : `검증 항목 ${page.of}개 중 고른 범위와 종류의 ${page.total}개`;
    const table = make("table", {}, make("caption", {}, caption), head(page),
      make("tbody", {}, ...page.rows.map(line)));
    const empty = page.total ? "" : make("p", {}, "이 범위와 종류에는 항목이 없습니다.");
    body.replaceChildren(make("div", { class: "scrolls", tabindex: 0, role: "group", "aria-label": caption }, table), empty, turns(page));
    if (focused && root.contains(body))
      [...body.querySelectorAll("[data-key]")].find((one) => one.dataset.key === focused)?.focus();
    tools.hidden = !page.pictures;
    window.harmlibVeiledPictures();
    askForPictures();
  };
  const tell = () => {
    problem.textContent = model.get("problem");
    problem.hidden = !problem.textContent;
  };
  const heard = (message) => {
    if (message.kind === "pictures") {
      for (const [item, html] of Object.entries(message.html)) {
        pictures.set(item, html);
        const cell = [...body.querySelectorAll(".preview")].find((one) => one.dataset.item === item);
        if (cell) cell.innerHTML = html;
      }
      window.harmlibVeiledPictures();
    } else if (message.kind === "noted") {
      if (message.time) drafts.delete(message.item);
      status.textContent = message.time ? `메모를 저장했습니다(${message.time}).` : "메모를 저장하지 못했습니다.";
      status.classList.remove("unseen");
    }
  };
  tools.innerHTML = model.get("tools");
  model.on("change:page", draw);
  model.on("change:problem", tell);
  model.on("msg:custom", heard);
  draw();
  tell();
  return () => {
    model.off("change:page", draw);
    model.off("change:problem", tell);
    model.off("msg:custom", heard);
    clearTimeout(resting);
  };
}
export default { render };
