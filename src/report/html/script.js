"use strict";
(() => {
  const ROWS = 25;
  const all = (selector, within) => Array.from((within || document).querySelectorAll(selector));
  const root = document.documentElement;
  const search = document.getElementById("search");
  const picked = document.getElementById("picked");
  let pick = null;

  document.getElementById("tools").hidden = false;
  document.getElementById("theme").addEventListener("click", () => {
    const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    const now = root.dataset.theme || system;
    root.dataset.theme = now === "dark" ? "light" : "dark";
  });

  const tables = all("table.rows").map((table) => {
    const body = table.tBodies[0];
    const view = { table, body, rows: Array.from(body.rows), page: 0, pager: null };
    all("th button", table).forEach((button) => {
      button.disabled = false;
      button.addEventListener("click", () => sort(view, button.parentElement));
    });
    if (view.rows.length > ROWS) {
      view.pager = pager(view);
    }
    return view;
  });

  function pager(view) {
    const line = document.createElement("div");
    line.className = "pager";
    const button = (text, step) => {
      const made = document.createElement("button");
      made.type = "button";
      made.textContent = text;
      made.addEventListener("click", () => {
        view.page += step;
        show(view);
      });
      return made;
    };
    const parts = { back: button("Previous", -1), text: document.createElement("span"), next: button("Next", 1) };
    parts.text.setAttribute("aria-live", "polite");
    line.append(parts.back, parts.text, parts.next);
    view.table.closest(".panel").append(line);
    return parts;
  }

  // Text as it is ordered: numbers by value, the rest with numbers in it by theirs, nothing last.
  function order(a, b, number) {
    if (number) {
      const value = (text) => parseFloat(text.replaceAll(",", ""));
      const [x, y] = [value(a), value(b)];
      return Number.isNaN(x) || Number.isNaN(y) ? Number.isNaN(x) - Number.isNaN(y) : x - y;
    }
    return (a === "-") - (b === "-") || a.localeCompare(b, "en", { numeric: true });
  }

  function sort(view, head) {
    const falling = head.getAttribute("aria-sort") === "ascending" ||
      (head.classList.contains("n") && !head.hasAttribute("aria-sort"));
    all("th", view.table).forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", falling ? "descending" : "ascending");
    const at = head.cellIndex;
    const text = (row) => row.cells[at].textContent.trim();
    const number = head.classList.contains("n");
    const keyed = view.rows.map((row) => [text(row), row]);
    keyed.sort((a, b) => {
      const missing = (a[0] === "-") - (b[0] === "-");
      return missing || (falling ? order(b[0], a[0], number) : order(a[0], b[0], number));
    });
    view.rows = keyed.map(([, row]) => row);
    view.body.append(...view.rows);
    view.page = 0;
    show(view);
  }

  // A table without the column of what was picked keeps its rows.
  function wanted(row, words) {
    const values = pick && row.closest("table").dataset[pick.kind];
    if (values && !all("[data-" + pick.kind + "]", row).some((key) => key.dataset[pick.kind] === pick.value)) {
      return false;
    }
    const text = row.textContent.toLowerCase();
    return words.every((word) => text.includes(word));
  }

  function show(view) {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const rows = view.rows.filter((row) => {
      const is = wanted(row, words);
      row.classList.toggle("out", !is);
      return is;
    });
    const pages = Math.max(1, Math.ceil(rows.length / ROWS));
    view.page = Math.min(Math.max(view.page, 0), pages - 1);
    const first = view.page * ROWS;
    rows.forEach((row, n) => row.classList.toggle("off", n < first || n >= first + ROWS));
    const left = view.table.closest(".panel").querySelector(".left");
    left.hidden = rows.length === view.rows.length;
    left.textContent = rows.length + " of " + view.rows.length + " rows match the filter.";
    if (view.pager) {
      view.pager.text.textContent = rows.length === 0 ? "no rows" :
        (first + 1) + "\u2013" + Math.min(first + ROWS, rows.length) + " of " + rows.length;
      view.pager.back.disabled = view.page === 0;
      view.pager.next.disabled = view.page === pages - 1;
    }
  }

  function again() {
    tables.forEach((view) => {
      view.page = 0;
      show(view);
    });
  }

  function choose(kind, value) {
    pick = kind === null ? null : { kind, value };
    picked.hidden = pick === null;
    if (pick) {
      document.getElementById("what").textContent = (kind === "src" ? "source " : "port ") + value;
      document.getElementById("command").textContent = "ipta ... --" + kind + " " + value;
    }
    again();
  }

  document.addEventListener("click", (event) => {
    const key = event.target.closest(".key");
    if (key) {
      const kind = key.dataset.src === undefined ? "dport" : "src";
      choose(kind, key.dataset[kind]);
    }
  });
  document.getElementById("clear").addEventListener("click", () => {
    search.value = "";
    choose(null, null);
  });
  search.addEventListener("input", again);
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && (pick || search.value)) {
      search.value = "";
      choose(null, null);
    }
  });
  all(".key").forEach((key) => { key.disabled = false; });

  const hints = () => all(".scroll").forEach((region) => {
    const is = region.scrollWidth > region.clientWidth;
    region.previousElementSibling.hidden = !is;
    region.previousElementSibling.classList.toggle("is", is);
  });
  addEventListener("resize", hints);
  again();
  hints();
})();
