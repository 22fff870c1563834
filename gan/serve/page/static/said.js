// A sentence about what was just done comes into sight.
watch("value", () => element.querySelector("p") && element.scrollIntoView({ block: "nearest", behavior: "instant" }));
