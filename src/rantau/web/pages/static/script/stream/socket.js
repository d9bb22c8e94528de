// The first way: one WebSocket for everything that a tab follows.

export class SocketWire {
  static kind = "socket";
  #socket;
  #ended = false;

  constructor(on) {
    this.#socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/v1`);
    this.#socket.addEventListener("message", (event) => this.#heard(on, event.data));
    this.#socket.addEventListener("close", (event) => this.#lost(on, event.code));
  }

  follow(generation, after) {
    this.#say({ t: "sub", gen: generation, after });
  }

  leave(generation) {
    this.#say({ t: "unsub", gen: generation });
  }

  close() {
    this.#ended = true;
    this.#socket.close();
  }

  #say(frame) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }

  #lost(on, code) {
    if (!this.#ended) on.lost(code);
  }

  #heard(on, data) {
    if (this.#ended) return;
    const frame = read(data);
    if (frame?.t === "hello") on.opened();
    else if (frame?.t === "ping") this.#say({ t: "pong" });
    else if (frame) on.frame(frame);
  }
}

function read(data) {
  try {
    return JSON.parse(data);
  } catch {
    return null;
  }
}
