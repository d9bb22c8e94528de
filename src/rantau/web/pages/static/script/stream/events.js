// The second way: server-sent events, one request for each generation. The id of an event is the cursor.

export class EventsWire {
  static kind = "events";
  #sources = new Map();
  #on;

  constructor(on) {
    this.#on = on;
    queueMicrotask(() => on.opened({ surely: false }));
  }

  follow(generation, after) {
    this.leave(generation);
    const source = new EventSource(`/api/generations/${generation}/events?after=${after}`);
    this.#sources.set(generation, source);
    source.addEventListener("open", () => this.#on.opened({ surely: true, again: false }));
    source.addEventListener("message", ({ data, lastEventId }) => {
      this.#on.frame({ t: "ev", gen: generation, e: [[lastEventId, JSON.parse(data)]] });
    });
    for (const kind of ["st", "gone", "err"]) {
      source.addEventListener(kind, ({ data }) => this.#on.frame(JSON.parse(data)));
    }
    source.addEventListener("error", () => this.#failed(generation));
  }

  leave(generation) {
    this.#sources.get(generation)?.close();
    this.#sources.delete(generation);
  }

  close() {
    for (const generation of [...this.#sources.keys()]) this.leave(generation);
  }

  #failed(generation) {
    if (!this.#sources.has(generation)) return;
    this.close();
    this.#on.lost(0);
  }
}
