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
