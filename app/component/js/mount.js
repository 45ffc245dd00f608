// ---- mount ----------------------------------------------------------------------------------------------------------------------

function create(root) {
  const S = { root, charts: [], tool: 'lasso', mode: 'new', held: null, busy: 0, linked: true, views: { views: {} }, css: n => getComputedStyle(root).getPropertyValue(n).trim() };
  buildToolbar(S);
  S.grid = make('div', 'mg-grid', root);
  buildScrubber(S);
  S.onKey = e => onKey(S, e);
  S.onBlur = () => { S.held = null; paintToolbar(S); };                    // the key may be let go of elsewhere
  S.onResize = () => { clearTimeout(S.sizeTimer); S.sizeTimer = setTimeout(() => tellScreen(S), 300); };
  for (const [what, how] of WINDOW) addEventListener(what, S[how]);
  return S;
}

const WINDOW = [['keydown', 'onKey'], ['keyup', 'onKey'], ['blur', 'onBlur'], ['resize', 'onResize']];

// The pictures are as fine as the screen: the server is told where its guess is far off.
function tellScreen(S) {
  const width = S.grid.clientWidth, dpr = devicePixelRatio, { screen } = S.data;
  if (width && (Math.abs(width / screen.width - 1) > .12 || Math.abs(dpr - screen.dpr) > .2)) S.setState('screen', { width, dpr });
}

function dispose(S) {
  for (const [what, how] of WINDOW) removeEventListener(what, S[how]);
  clearTimeout(S.playing);
  S.charts.forEach(removeMap);
  S.root.replaceChildren();
  instances.delete(S.root);
}

export default async function ({ data, parentElement, setStateValue, setTriggerValue }) {
  const root = parentElement.querySelector('.mg'), began = performance.now(), call = Symbol('call');
  let S = instances.get(root);
  if (!S) {
    instances.set(root, S = create(root));
    Object.assign(S, { views: { axes: data.axes, views: data.views }, linked: !Object.keys(data.views).some(k => k !== 'all') });
  }
  Object.assign(S, { data, call, setState: setStateValue, trigger: setTriggerValue });
  S.grid.style.gridTemplateColumns = `repeat(${data.columns}, minmax(0, 1fr))`;
  while (S.charts.length < data.maps.length) S.charts.push(buildMap(S));
  while (S.charts.length > data.maps.length) removeMap(S.charts.pop());
  paintToolbar(S);
  const pairs = data.maps.map((m, k) => [S.charts[k], m]);
  pairs.forEach(([c, m]) => paintFrame(S, c, m));
  paintScrubber(S);
  if (!window.Plotly) pairs.forEach(([c, m]) => (c.resketch = () => sketch(S, c, m))());
  await loadPlotly();
  // Streamlit does not wait for one call before the next, and runs what an overtaken call returns as if the maps were taken off the page.
  const latest = () => S.call === call;
  if (latest()) await Promise.all(pairs.map(([c, m]) => paintChart(S, c, m)));
  if (latest()) {
    root.dataset.ms = Math.round(performance.now() - began);
    root.dataset.stamp = data.stamp;                                       // tells a browser test that this answer is on the screen
    answered(S);
    tellScreen(S);
  }
  return () => { if (latest()) dispose(S); };
}
