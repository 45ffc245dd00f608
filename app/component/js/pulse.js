// Asks the server again and again whether anything has changed, while somebody can see the page.
//
// data (Python -> here): every_ms. here -> Python: trigger beat (how many so far).

export default function ({ data, setTriggerValue }) {
  let beats = 0;
  const beat = () => { if (!document.hidden) setTriggerValue('beat', ++beats); };
  const timer = setInterval(beat, data.every_ms);
  document.addEventListener('visibilitychange', beat);
  return () => {
    clearInterval(timer);
    document.removeEventListener('visibilitychange', beat);
  };
}
