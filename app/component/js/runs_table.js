// The table of runs: filters above, one row a run. It is patched in place, so that nothing a reader holds is lost when it changes: the
// scroll, the row in focus, an open list of choices, the caret in the search field, marked text.
//
// data (Python -> here): rows[{ id, state, note, name, called, seed, place, share, eta, loss, score, asked, took, dataset }] of one page, chosen (an id),
//   columns[[field, title, hint]], states[[state, count]], datasets[], filters {state, dataset, words, page}, found, first, more, ticks.
// here -> Python: triggers chosen (an id), filters {state, dataset, words, page}.

const tables = new WeakMap();
const TYPING_MS = 250;                                                     // the search waits for a pause in the typing
const ECHO_MS = 5000;                                                      // the longest that a click waits for its answer

const make = (tag, cls, parent, text) => {
  const e = document.createElement(tag);
  if (cls) e.className = cls;
  if (text !== undefined) e.textContent = text;
  parent?.append(e);
  return e;
};
const put = (e, text) => { if (e.textContent !== text) e.textContent = text; };
const set = (e, name, value) => { if (e.getAttribute(name) !== value) e.setAttribute(name, value); };

function create(root) {
  const S = { root, rows: new Map(), sent: null, chosen: null };
  const bar = make('div', 'rt-bar', root);
  S.chips = make('div', 'rt-chips', bar);
  S.datasets = make('select', 'rt-datasets', bar);
  S.datasets.setAttribute('aria-label', 'Dataset');
  S.search = make('input', 'rt-search', bar);
  Object.assign(S.search, { type: 'search', placeholder: 'Search', spellcheck: false });
  S.search.setAttribute('aria-label', 'Search by model, subset, seed or id');
  S.frame = make('div', 'rt-frame', root);
  S.table = make('table', 'rt-table', S.frame);
  set(S.table, 'role', 'grid');
  S.head = make('tr', '', make('thead', '', S.table));
  S.body = make('tbody', '', S.table);
  const foot = make('div', 'rt-foot', root);
  S.where = make('span', '', foot);
  [S.back, S.on] = [['‹', -1, 'Newer runs'], ['›', 1, 'Older runs']].map(([sign, by, words]) => {
    const b = make('button', '', foot, sign);
    b.setAttribute('aria-label', words);
    b.onclick = () => ask(S, { page: S.filters.page + by });
    return b;
  });
  S.datasets.onchange = () => ask(S, { dataset: S.datasets.value, page: 0 });
  S.search.oninput = () => { clearTimeout(S.typing); S.typing = setTimeout(() => ask(S, { words: S.search.value, page: 0 }), TYPING_MS); };
  S.body.onclick = e => choose(S, e.target.closest('tr')?.dataset.run);
  S.body.onkeydown = e => onKey(S, e);
  return S;
}

function ask(S, change) {
  S.filters = { ...S.filters, ...change };
  paintBar(S);
  S.trigger('filters', S.filters);
}

function choose(S, run) {
  if (!run || run === S.chosen || getSelection().toString()) return;       // marking a name is no choice
  Object.assign(S, { chosen: run, sent: run, since: performance.now() });
  paintChosen(S);
  S.trigger('chosen', run);
}

function onKey(S, e) {
  const rows = [...S.body.children], at = rows.indexOf(e.target.closest('tr'));
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1, Enter: at, ' ': at }[e.key];
  if (to === undefined || !rows[to]) return;
  e.preventDefault();
  rows[to].focus();
  choose(S, rows[to].dataset.run);
}

function paintBar(S) {
  const { states, datasets } = S.data;
  const wanted = [['', 'all', states.reduce((sum, [, n]) => sum + n, 0)], ...states.map(([state, n]) => [state, state, n])];
  while (S.chips.children.length > wanted.length) S.chips.lastChild.remove();
  wanted.forEach(([state, word, n], k) => {
    const chip = S.chips.children[k] ?? make('button', '', S.chips);
    put(chip, `${n.toLocaleString('en').replaceAll(',', '\u202f')} ${word}`);
    set(chip, 'class', `rt-chip ${state}`);
    set(chip, 'data-state', state);
    set(chip, 'aria-pressed', String(S.filters.state === state));
    chip.onclick = () => ask(S, { state, page: 0 });
  });
  S.datasets.hidden = datasets.length < 2;
  const options = ['', ...datasets], shown = [...S.datasets.options].map(o => o.value);
  if (options.join('\n') !== shown.join('\n')) S.datasets.replaceChildren(...options.map(name => new Option(name || 'all datasets', name)));
  S.datasets.value = S.filters.dataset;
}

function cell(td, field, row) {
  if (field === 'state') {
    const pill = td.firstChild ?? make('span', '', td);
    set(pill, 'class', `rt-pill ${row.state}`);
    put(pill, row.note || row.state);
  } else if (field === 'progress') {
    const bar = td.firstChild ?? make('i', '', make('span', 'rt-track', td)).parentNode, words = bar.nextSibling ?? make('span', '', td);
    bar.hidden = row.share === null;
    set(bar, 'class', `rt-track ${row.state}`);
    bar.firstChild.style.width = `${100 * (row.share ?? 0)}%`;
    put(words, row.place);
  } else {
    put(td, row[field]);
  }
  if (field === 'name') set(td, 'title', `${row.called}, run ${row.id}`);
}

function paintRows(S) {
  const { rows, columns } = S.data, ids = new Set(rows.map(row => row.id));
  const titles = columns.map(([field]) => field).join();
  if (S.titles !== titles) {
    S.titles = titles;
    S.head.replaceChildren(...columns.map(([field, title, hint]) => Object.assign(make('th', `rt-${field}`, null, title), { title: hint, scope: 'col' })));
    S.body.replaceChildren();
    S.rows.clear();
  }
  for (const [id, tr] of S.rows) if (!ids.has(id)) { tr.remove(); S.rows.delete(id); }
  rows.forEach((row, k) => {
    let tr = S.rows.get(row.id);
    if (!tr) {
      tr = make('tr');
      tr.dataset.run = row.id;
      columns.forEach(([field]) => make('td', `rt-${field}`, tr));
      S.rows.set(row.id, tr);
    }
    if (S.body.children[k] !== tr) S.body.insertBefore(tr, S.body.children[k] ?? null);
    columns.forEach(([field], c) => cell(tr.children[c], field, row));
  });
}

function paintChosen(S) {
  const anywhere = S.rows.has(S.chosen);
  let first = true;
  for (const tr of S.body.children) {
    const chosen = tr.dataset.run === S.chosen;
    set(tr, 'aria-selected', String(chosen));
    tr.tabIndex = chosen || (!anywhere && first) ? 0 : -1;
    first = false;
  }
}

function paintFoot(S) {
  const { found, first, more, rows } = S.data;
  put(S.where, found ? `${first + 1}–${first + rows.length} of ${found}` : 'No run is like that');
  S.back.disabled = !first;
  S.on.disabled = !more;
  S.where.parentNode.hidden = found > 0 && !first && !more;
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector('.rt');
  let S = tables.get(root);
  const fresh = !S;
  if (fresh) tables.set(root, S = create(root));
  Object.assign(S, { data, trigger: setTriggerValue });
  if (fresh) {
    S.filters = data.filters;
    S.search.value = data.filters.words;
  }
  S.filters.page = data.filters.page;                                      // what was asked for may not be there any more
  if (S.sent === data.chosen || performance.now() - S.since > ECHO_MS) S.sent = null;
  if (!S.sent) S.chosen = data.chosen;
  paintBar(S);
  paintRows(S);
  paintChosen(S);
  paintFoot(S);
  root.dataset.ticks = data.ticks;                                         // tells a browser test that this answer is on the screen
}
