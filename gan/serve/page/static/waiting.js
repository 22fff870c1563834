// A timer, not each answer, asks again: an answer may be lost, and the first value may be there before anything watches it.
setInterval(() => props.value && trigger("again"), 2000);
