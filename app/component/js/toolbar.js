// ---- toolbar --------------------------------------------------------------------------------------------------------------------

function buildToolbar(S) {
  const bar = make('div', 'mg-bar', S.root);
  const group = (items, cls, fill, onClick, tool = id => id) => {
    const box = make('div', `mg-group ${cls}`, bar);
    return Object.fromEntries(items.map(([id, face, title]) => {
      const b = make('button', '', box);
      Object.assign(b, { type: 'button', title, onclick: () => onClick(id) });
      if (tool(id)) b.dataset.tool = tool(id);
      fill(b, face, id);
      return [id, b];
    }));
  };
  const asIcon = (b, name) => { icon(name, b); b.ariaLabel = b.title; }, asText = (b, text) => b.append(text);
  const asRegion = (b, text, id) => { make('i', '', b).style.background = `var(--c-${id})`; b.append(text); };
  S.tools = group(TOOLS, 'mg-switch', asIcon, tool => {
    S.tool = tool;
    relayout(S, { dragmode: DRAG[tool] });
    paintToolbar(S);
  });
  S.modes = group(MODES, 'mg-switch', asText, mode => { S.mode = mode; paintToolbar(S); });
  group(REGIONS, '', asRegion, region => S.trigger('step', { op: S.held ?? S.mode, run: S.data.active, region, q: share(S) }));
  const label = make('label', 'mg-share', bar, 'q');
  S.share = Object.assign(make('input', '', label), { type: 'number', min: 1, max: 99, value: 33, title: 'Share of the training examples that a region takes' });
  label.append('%');
  S.commands = group(COMMANDS, '', asIcon, command => S.trigger('command', command));
  group(ZOOMS, '', asIcon, how => zoomBy(S, how), () => '');
  S.link = group([['link', 'link', 'Linked: all maps zoom together']], 'mg-switch', asIcon, () => linkMaps(S)).link;
  S.status = make('span', 'mg-status', bar);
  S.legend = make('div', 'mg-legend', bar);
}

const relayout = (S, change) => S.charts.filter(c => c.plot._fullLayout).forEach(c => Plotly.relayout(c.plot, change));
const share = S => Math.min(Math.max(Number(S.share.value) || 33, 1), 99) / 100;

function paintToolbar(S) {
  for (const [id, b] of Object.entries(S.tools)) b.ariaPressed = id === S.tool;
  for (const [id, b] of Object.entries(S.modes)) b.ariaPressed = id === (S.held ?? S.mode);
  S.commands.undo.disabled = !S.data.can_undo;
  S.commands.redo.disabled = !S.data.can_redo;
  S.commands.clear.disabled = !S.data.selected;
  S.status.textContent = S.data.status;
  S.link.ariaPressed = S.linked;
  paintLegend(S);
}

// A part that is clicked goes off the maps, and comes back with the next click: a label, or a fifth of the scale.
function paintLegend(S) {
  const { title, by, colours, ticks, nominal, off, parts } = S.data.legend, signature = JSON.stringify(S.data.legend);
  if (signature === S.legendDrawn) return;                                // or a part would lose the keyboard's focus
  S.legendDrawn = signature;
  const focused = S.legend.contains(document.activeElement) ? document.activeElement.dataset.part : null;
  S.legend.replaceChildren();
  make('span', '', S.legend, title);
  const part = (k, parent, name) => {
    const hidden = off.includes(k), b = make('button', 'mg-part', parent);
    Object.assign(b, { type: 'button', ariaPressed: !hidden, disabled: !parts, onclick: () => S.trigger('legend', { part: k, parts }) });
    if (parts) b.title = `${hidden ? 'Show' : 'Hide'} ${name}`;
    b.ariaLabel = name;
    b.dataset.part = k;
    return b;
  };
  if (nominal) ticks.forEach((tick, k) => {
    const b = part(k, S.legend, tick);
    make('i', '', b).style.background = colours[k];
    b.append(tick);
  });
  else {
    make('span', '', S.legend, ticks[0]);
    const scale = make('div', 'mg-scale', S.legend), count = parts || 1, each = colours.length / count;
    for (let k = 0; k < count; k++) {
      const b = part(k, scale, `${by} in part ${k + 1} of ${count} of the scale`);
      b.style.background = `linear-gradient(90deg,${colours.slice(Math.floor(k * each), Math.ceil((k + 1) * each) + 1)})`;
    }
    make('span', '', S.legend, ticks[1]);
  }
  if (focused !== null) S.legend.querySelector(`[data-part="${focused}"]`)?.focus();
}
