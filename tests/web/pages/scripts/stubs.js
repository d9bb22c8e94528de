// Networks that fail in one way: each function changes what the page's scripts find.
(() => {
  const ends = (make) => class extends EventTarget {
    constructor() {
      super();
      setTimeout(() => this.dispatchEvent(make()));
    }
    close() {}
    send() {}
  };

  window.stubs = {
    noSocket() {
      window.WebSocket = ends(() => new CloseEvent("close", { code: 1006 }));
    },
    noEvents() {
      window.EventSource = ends(() => new Event("error"));
    },
    /** The first stream of events finds no place: the server says so and ends it. */
    noPlaceAtFirst() {
      const Real = window.EventSource;
      let n = 0;
      window.EventSource = function (address) {
        if (n++) return new Real(address);
        const data = JSON.stringify({ t: "err", gen: address.split("/").at(-2), code: "too_many", retry_s: 5 });
        const source = Object.assign(new EventTarget(), { close: () => (window.left = true) });
        setTimeout(() => source.dispatchEvent(new MessageEvent("err", { data })));
        return source;
      };
    },
    /** The browser believes that there is no network. */
    noNetwork() {
      Object.defineProperty(navigator, "onLine", { get: () => false });
    },
    /** Long waits are short. */
    hurry() {
      const [later, given] = [window.setTimeout.bind(window), AbortSignal.timeout.bind(AbortSignal)];
      window.setTimeout = (act, ms, ...more) => later(act, ms > 300 ? 30 : ms, ...more);
      AbortSignal.timeout = (ms) => given(ms / 30);
    },
    /** Waits before another try are short; those of which somebody is silent are as long as they are. */
    soon() {
      const later = window.setTimeout.bind(window);
      window.setTimeout = (act, ms, ...more) => later(act, ms > 300 && ms < 11_000 ? 30 : ms, ...more);
    },
    /** The first question at such an address is never answered. */
    silent(end) {
      const real = window.fetch.bind(window);
      let asked = false;
      window.fetch = (address, how) => {
        if (asked || !address.endsWith(end)) return real(address, how);
        asked = true;
        return new Promise((_, reject) => how.signal?.addEventListener("abort", () => reject(how.signal.reason)));
      };
    },
    /** change(event, hear, socket, n): what becomes of the nth frame that comes */
    changeFrames(change) {
      window.WebSocket = class extends WebSocket {
        addEventListener(type, hear) {
          let n = 0;
          super.addEventListener(type, type === "message" ? (event) => change(event, hear, this, ++n) : hear);
        }
      };
    },
    /** The server hears the first message, but its answer is lost. */
    loseAnswer() {
      const real = window.fetch.bind(window);
      let lost = false;
      window.fetch = async (address, how) => {
        const answer = await real(address, how);
        if (lost || how?.method !== "POST" || !address.endsWith("/messages")) return answer;
        lost = true;
        throw new TypeError("cut");
      };
    },
  };
})();
