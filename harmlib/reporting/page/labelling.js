// Labels stay in this browser (localStorage, by the sample's name) until they are downloaded: nothing
// is sent anywhere. The clear pictures are the gallery's business.
(() => {
  const page = document.querySelector(".audit-sample");
  const cards = [...page.querySelectorAll(".cards > li")];
  const key = "harmlib-sample-" + page.dataset.sample;
  const progress = page.querySelector("progress");
  const told = page.querySelector(".told");
  const radios = (card) => [...card.querySelectorAll("input[type=radio]")];
  const labelOf = (card) => radios(card).find((radio) => radio.checked)?.value ?? "";

  const read = () => {
    try {
      return JSON.parse(localStorage.getItem(key)) ?? {};
    } catch {
      return {}; // a browser that keeps nothing: the labels live as long as the page
    }
  };
  const keep = () => {
    const labels = {};
    cards.forEach((card, i) => { if (labelOf(card)) labels[i] = labelOf(card); });
    try {
      localStorage.setItem(key, JSON.stringify(labels));
    } catch { /* as above */ }
  };
  const count = () => {
    const done = cards.filter(labelOf).length;
    progress.value = done;
    told.textContent = `${cards.length}개 중 ${done}개를 판정했습니다.`;
    for (const card of cards) card.classList.toggle("done", labelOf(card) !== "");
  };
  const changed = () => { keep(); count(); };

  const csv = () => {
    const lines = cards.map((card) => card.dataset.row + "," + labelOf(card));
    return "\ufeff" + [page.dataset.header, ...lines].join("\r\n") + "\r\n";
  };
  const download = () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([csv()], { type: "text/csv" }));
    link.download = page.dataset.file;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  };

  const current = () => document.activeElement?.closest?.(".audit-sample .cards > li");
  const go = (card) => {
    if (!card) return;
    card.focus({ preventScroll: true });
    card.scrollIntoView({ block: "center" });
  };
  const step = (by) => {
    const at = cards.indexOf(current());
    go(cards[at < 0 ? 0 : Math.min(cards.length - 1, Math.max(0, at + by))]);
  };
  const label = (value) => {
    const card = current();
    if (!card) return step(1);
    for (const radio of radios(card)) radio.checked = radio.value === value;
    changed();
    if (!value) return;
    const at = cards.indexOf(card);
    go([...cards.slice(at + 1), ...cards.slice(0, at)].find((other) => !labelOf(other)));
  };
  const keys = { 1: () => label("harmful"), 2: () => label("safe"), 3: () => label("unknown"),
                 0: () => label(""), j: () => step(1), k: () => step(-1) };

  page.addEventListener("change", changed);
  page.querySelector(".download").addEventListener("click", download);
  document.addEventListener("keydown", (event) => {
    // An enlarged picture covers the cards; a list takes letters itself.
    if (event.target.closest?.("dialog, select")) return;
    if (event.ctrlKey || event.altKey || event.metaKey || !(event.key in keys)) return;
    event.preventDefault();
    keys[event.key]();
  });
  for (const [i, value] of Object.entries(read())) {
    for (const radio of cards[i] ? radios(cards[i]) : []) radio.checked = radio.value === value;
  }
  count();
})();
