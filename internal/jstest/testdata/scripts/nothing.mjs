console.log(JSON.stringify({done: 0}))
