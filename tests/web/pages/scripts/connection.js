// The client's connection between stubs: window.real has what a test needs.
(async () => {
  const base = document.querySelector('link[rel=icon]').href.replace(/mark\.svg$/, 'script/');
  const { Stream } = await import(`${base}stream/stream.js`);
  const { Log } = await import(`${base}stream/log.js`);
  const later = window.setTimeout.bind(window);
  const told = { made: [], waits: [], sent: [], sockets: [] };
  const kind = (name, start) => class extends EventTarget {
    static OPEN = 1;
    constructor() {
      super();
      this.readyState = 1;
      told.made.push(name);
      told.sockets.push(this);
      later(() => start(this));
    }
    send(text) { told.sent.push(JSON.parse(text)); }
    close() { this.closed = true; }
  };
  const gone = socket => socket.dispatchEvent(new CloseEvent('close', { code: window.closing ?? 1006 }));
  const greets = socket => socket.dispatchEvent(new MessageEvent('message', { data: '{"t":"hello","v":1}' }));
  window.real = {
    Stream, Log, told, later, gone, greets,
    frame(socket, frame) { socket.dispatchEvent(new MessageEvent('message', { data: JSON.stringify(frame) })); },
    install({ socket = gone, fast = true } = {}) {
      window.WebSocket = kind('socket', socket);
      window.EventSource = kind('events', source => source.dispatchEvent(new Event('error')));
      window.fetch = async () => { told.made.push('poll'); throw new TypeError('cut'); };
      window.setTimeout = (act, ms) => {
        if (ms < 400 || ms > 10_000) return later(act, ms);
        told.waits.push(ms);
        return fast ? later(act) : later(act, 1e6);
      };
    },
    pause: ms => new Promise(done => later(done, ms)),
    follower(heard = []) {
      const note = name => (...values) => heard.push([name, ...values]);
      const names = ['text', 'piece', 'phase', 'standing', 'restarted', 'end', 'gone', 'lost'];
      return Object.fromEntries(names.map(name => [name, note(name)]));
    },
  };
  return true;
})()
