// Command generate writes the typed paths of the router to the file that it is given.
package main

import (
	"bytes"
	"log"
	"os"

	"github.com/bennu-go/bennu/docs/guides/code/routing"
	"github.com/bennu-go/bennu/router"
)

func main() {
	var b bytes.Buffer
	if err := router.WriteGo(&b, "paths", routing.Router().Routes()); err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(os.Args[1], b.Bytes(), 0o644); err != nil {
		log.Fatal(err)
	}
}
