// Node ends by itself, with no error, when nothing is left to wait for.
console.log(JSON.stringify({ok: "the first"}))
