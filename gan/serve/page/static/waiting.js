// A timer, not each answer, asks again: an answer may be lost, and the first value may be there before anything watches it.
// Not while the visitor waits for something: this answer would undo it.
setInterval(() => props.value && !window.seedfacesAsks?.() && trigger("again"), 2000);
