// Other tabs of this browser: each tells what it changed, and looks again when it is told.

export class Others {
  #desk;
  #channel = new BroadcastChannel("rantau");

  constructor(desk) {
    this.#desk = desk;
    this.#channel.addEventListener("message", ({ data }) => this.#told(data));
  }

  tell(talk = this.#desk.talk?.id, deleted = false) {
    this.#channel.postMessage({ talk, deleted });
  }

  #told({ talk, deleted }) {
    this.#desk.sidebar.load();
    if (talk !== this.#desk.talk?.id) return;
    if (deleted) this.#desk.open(null);
    else this.#desk.reload().catch(() => {});
  }
}
