/* Search when pages are opened from the disk: browsers start no worker from a file, so a hidden frame takes its part.
   Loaded on every page, and does nothing when a server hands the pages out. */
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(address) {
      super();
      this.waiting = [];
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      this.frame.srcdoc =
        "<script>self.postMessage = data => setTimeout(() => parent.dispatchEvent(new MessageEvent('worker', { data, source: self })))</" +
        "script>" +
        `<script src="${new URL(address, location)}"></` + "script>";
      this.hear = event => {
        if (event.source !== this.frame.contentWindow) return;
        const heard = new MessageEvent("message", { data: event.data });
        this.dispatchEvent(heard);
        this.onmessage?.(heard);
      };
      window.addEventListener("worker", this.hear);
      this.frame.addEventListener("load", () => {
        this.loaded = true;
        this.waiting.splice(0).forEach(data => this.postMessage(data));
      });
      document.body.append(this.frame);
    }

    postMessage(data) {
      if (!this.loaded) return void this.waiting.push(data);
      // Later, as a worker would hear it: whoever posts goes on first.
      setTimeout(() => this.frame.contentWindow?.dispatchEvent(new MessageEvent("message", { data })));
    }

    terminate() {
      window.removeEventListener("worker", this.hear);
      this.frame.remove();
    }
  };
}
