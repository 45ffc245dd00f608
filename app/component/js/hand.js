// ---- what the hand does ---------------------------------------------------------------------------------------------------------

function shapeOf(drawn) {
  if (drawn.type === 'rect') return { type: 'box', x0: drawn.x0, x1: drawn.x1, y0: drawn.y0, y1: drawn.y1 };
  const points = drawn.path.slice(1, -1).split('L').map(p => p.split(',').map(Number));
  return points.length < 3 ? null : { type: 'lasso', points };
}

function listen(S, c) {
  c.plot.on('plotly_selected', e => {
    const drawn = e?.selections?.at(-1), shape = !S.busy && drawn && shapeOf(drawn);
    if (!shape) return;
    S.trigger('step', { op: S.held ?? S.mode, run: c.card.dataset.run, shape });
  });
  c.plot.on('plotly_doubleclick', () => zoomBy(S, 'fit', c));
  c.plot.on('plotly_relayout', e => { if (!S.busy && Object.keys(e).some(k => /^[xy]axis\.range/.test(k))) sendView(S, c); });
  c.plot.addEventListener('wheel', e => {                                 // the page keeps the wheel unless the reader asked for zoom
    if (S.tool !== 'pan' && !e.ctrlKey) return;
    e.preventDefault();
    zoomBy(S, e.deltaY < 0 ? 'in' : 'out', c, e);
  }, { passive: false });
  c.plot.addEventListener('mousedown', down => {                           // Plotly reports clicks on points only, and there may be none
    const began = performance.now();
    addEventListener('mouseup', up => {
      const moved = Math.hypot(up.clientX - down.clientX, up.clientY - down.clientY);
      if (down.button === 0 && moved < CLICK.px && performance.now() - began < CLICK.ms) pick(S, c, down);
    }, { once: true, capture: true });
  }, { capture: true });
}

function pick(S, c, { clientX, clientY }) {
  const { xaxis, yaxis } = c.plot._fullLayout, box = c.plot.getBoundingClientRect();
  const at = { x: xaxis.p2l(clientX - box.left - xaxis._offset), y: yaxis.p2l(clientY - box.top - yaxis._offset) };
  const inside = (v, [a, b]) => a <= v && v <= b;
  if (inside(at.x, xaxis.range) && inside(at.y, yaxis.range)) S.trigger('pick', { op: S.held, run: c.card.dataset.run, ...at });
}

// ---- zoom: all maps together, or each on its own

const viewsOf = S => S.views.axes === S.data.axes ? S.views.views : {};
const rangeOf = c => ({ x: c.plot._fullLayout.xaxis.range.map(Number), y: c.plot._fullLayout.yaxis.range.map(Number) });

function setViews(S, views) {
  S.zooming = null;
  S.views = { axes: S.data.axes, views };
  S.setState('views', S.views);
}

function sendView(S, c) {
  const range = rangeOf(c), same = JSON.stringify(range);
  if (same === S.zooming) return;                                          // the echo of what is told to the others below
  S.zooming = same;
  if (S.linked) S.charts.filter(other => other !== c && other.plot._fullLayout)
    .forEach(other => Plotly.relayout(other.plot, { 'xaxis.range': range.x, 'yaxis.range': range.y }));   // at once; the pictures follow
  clearTimeout(S.viewTimer);
  S.viewTimer = setTimeout(() => setViews(S, S.linked ? { all: range } : { ...viewsOf(S), [c.card.dataset.run]: range }), 120);
}

function linkMaps(S) {
  const views = viewsOf(S), active = S.data.active, all = views.all ?? views[active];
  S.linked = !S.linked;
  paintToolbar(S);
  if (S.linked) setViews(S, all ? { all } : {});
  else setViews(S, views.all ? Object.fromEntries(S.data.maps.map(m => [m.run, views.all])) : {});
}

const activeChart = S => S.charts.find(c => c.card.dataset.run === S.data.active) ?? S.charts[0];

function zoomBy(S, how, c = activeChart(S), at = null) {
  if (how === 'fit') {
    const { [c.card.dataset.run]: gone, ...others } = viewsOf(S);
    return setViews(S, S.linked ? {} : others);
  }
  if (!c.plot._fullLayout) return;
  const factor = how === 'in' ? 0.6 : 1 / 0.6, { xaxis, yaxis } = c.plot._fullLayout, box = c.plot.getBoundingClientRect();
  const around = (axis, pixel) => {
    const [a, b] = axis.range.map(Number), centre = at ? axis.p2l(pixel - axis._offset) : (a + b) / 2;
    return [centre + (a - centre) * factor, centre + (b - centre) * factor];
  };
  const x = around(xaxis, at?.clientX - box.left), y = around(yaxis, at?.clientY - box.top);
  Plotly.relayout(c.plot, { 'xaxis.range': x, 'yaxis.range': y });         // what listens to it tells the others
}

// ---- keyboard

const typing = el => el?.closest?.('input, textarea, select, [contenteditable=true], [role=dialog], [role=listbox]');

function onKey(S, e) {
  const held = e.shiftKey && !e.ctrlKey && !e.metaKey ? 'add' : e.altKey ? 'subtract' : null;
  if (held !== S.held) { S.held = held; paintToolbar(S); }
  if (e.type !== 'keydown' || typing(e.target) || document.querySelector('[role=dialog]')) return;
  const command = keyCommand(e);
  if (!command || S.commands[command].disabled) return;
  e.preventDefault();
  S.trigger('command', command);
}

function keyCommand(e) {
  const key = e.key.toLowerCase();
  if (key === 'escape') return e.target.closest?.('[data-testid=stDataFrame]') ? null : 'clear';   // the table has an Esc of its own
  if (!e.ctrlKey && !e.metaKey) return null;
  return key === 'z' ? (e.shiftKey ? 'redo' : 'undo') : key === 'y' ? 'redo' : null;
}
