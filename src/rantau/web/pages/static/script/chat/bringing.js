// Importing from the list of talks: what was in the file is opened.
import { find } from "../page/dom.js";
import { bringIn } from "../page/importing.js";
import { toast } from "../page/toast.js";
import { say } from "../page/words.js";
import { notice } from "./notice.js";

export function offerImport(desk) {
  const [button, input] = [find("#import-talk"), find("#import")];
  button.addEventListener("click", () => input.click());
  input.addEventListener("change", async () => {
    const [file] = input.files;
    input.value = ""; // the same file may be chosen again
    if (!file) return;
    button.disabled = true;
    const { talk, why } = await bringIn(file);
    button.disabled = false;
    desk.sidebar.close();
    if (!talk) return notice(why, { kind: "bad" });
    desk.sidebar.load();
    desk.others.tell(talk.id);
    await desk.open(talk.id);
    toast(say("import.done"));
  });
}
