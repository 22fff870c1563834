// One core: draws faces of points. Messages: { number, task, … } → { number, answer } or { number, error: a sentence }.
import { Generator } from "./generator.js";
import { moved, ofPoint } from "./latents.js";
import { read, numbers } from "./safetensors.js";
